// The worker threads behind PhotoLoader. Batches live in a ring of `queue` slots: workers take the
// next sample whose slot is free, whatever the order in which they end; the reader takes batches in
// order and frees their slots.
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "colorlab/error.hpp"
#include "colorlab/loader.hpp"
#include "loader/draws.hpp"
#include "loader/sample.hpp"

namespace colorlab {
namespace {

constexpr std::uint64_t kMaxDraws = 64;

void check(const LoaderOptions& options) {
  const auto require = [](bool holds, const char* message) {
    if (!holds) throw Error(ErrorCode::invalid_argument, message);
  };
  require(options.batch >= 1 && options.batch <= 65536, "batch must be 1..65536");
  require(options.crop >= 1 && options.crop <= 4096, "crop must be 1..4096 pixels");
  require(options.min_scale > 0 && options.min_scale <= 1, "min_scale must be over 0, up to 1");
  require(options.ab_scale > 0 && options.ab_scale < 1e6F, "ab_scale must be positive");
  require(options.threads >= 1 && options.threads <= 256, "threads must be 1..256");
  const FilmOptions& film = options.film;
  const auto within = [](double value, double high) { return value >= 0 && value <= high; };
  require(within(film.share, 1), "film.share must be 0..1");
  require(within(film.response, 1), "film.response must be 0..1");
  require(within(film.blur, 4), "film.blur must be 0..4 pixels");
  require(within(film.gamma, 2), "film.gamma must be 0..2");
  require(within(film.contrast, 2), "film.contrast must be 0..2");
  require(within(film.fading, 0.9), "film.fading must be 0..0.9");
  require(within(film.grain, 0.5), "film.grain must be 0..0.5");
  require(within(film.jpeg, 1), "film.jpeg must be 0..1");
  require(options.queue >= 1 && options.queue <= 1024, "queue must be 1..1024 batches");
  const std::size_t bytes = options.crop * options.crop * 3 * sizeof(float) * options.batch;
  require(bytes <= (std::size_t{16} << 30) / options.queue,
          "batch * crop * crop * queue is over 16 GiB");
}

struct Slot {
  std::vector<float> lightness, ab;
  std::size_t done = 0;      // samples that ended, well or not
  std::exception_ptr error;  // the first that failed, in time
};

}  // namespace

struct PhotoLoader::State {
  State(std::vector<PhotoItem> items_, const LoaderOptions& options_)
      : items(std::move(items_)),
        options(options_),
        draw(items.size(), options.weights, options.seed),
        next_claim(options.first_sample),
        next_read(options.first_sample),
        slots(options.queue) {
    for (Slot& slot : slots) {
      slot.lightness.resize(options.batch * options.crop * options.crop);
      slot.ab.resize(slot.lightness.size() * 2);
    }
  }

  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    room.notify_all();
  }

  [[nodiscard]] Slot& slot_of(std::uint64_t k) {
    return slots[(k - options.first_sample) / options.batch % slots.size()];
  }

  void start() {
    for (int i = 0; i < options.threads; ++i) workers.emplace_back([this] { work(); });
  }

  void work() {
    loader::Scratch scratch;
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [this] { return stopping || claimable(); });
      if (stopping) return;
      const std::uint64_t k = next_claim++;
      Slot& slot = slot_of(k);
      lock.unlock();
      std::exception_ptr error;
      try {
        fill(k, slot, scratch);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !slot.error) slot.error = error;
      if (++slot.done == options.batch) ready.notify_all();
    }
  }

  [[nodiscard]] bool claimable() const {
    return next_claim - next_read < options.batch * slots.size();
  }

  // Sample k into its place in the slot, from the first drawn photo that can be read.
  void fill(std::uint64_t k, Slot& slot, loader::Scratch& scratch) {
    const std::size_t pixels = options.crop * options.crop;
    const std::size_t place = (k - options.first_sample) % options.batch * pixels;
    const loader::SampleTarget target{&slot.lightness[place], &slot.ab[2 * place]};
    for (std::uint64_t attempt = 0; attempt < kMaxDraws; ++attempt) {
      const std::size_t index = draw(k, attempt);
      if (known_bad(index)) continue;
      try {
        loader::make_sample(items[index], options, k, attempt, scratch, target);
        return;
      } catch (const Error& error) {
        const std::lock_guard lock(failures_mutex);
        failures.emplace(index, error.what());
      }
    }
    throw Error(ErrorCode::corrupt_image, "64 photos drawn in a row could not be read", {},
                "See the loader's failed() for the reasons");
  }

  [[nodiscard]] bool known_bad(std::size_t index) const {
    const std::lock_guard lock(failures_mutex);
    return failures.contains(index);
  }

  void read(float* lightness, float* ab) {
    const std::lock_guard one_reader(reader_mutex);
    std::unique_lock lock(mutex);
    Slot& slot = slot_of(next_read);
    ready.wait(lock, [&] { return slot.done == options.batch; });
    if (slot.error) std::rethrow_exception(slot.error);
    lock.unlock();  // a full slot belongs to the reader
    std::copy(slot.lightness.begin(), slot.lightness.end(), lightness);
    std::copy(slot.ab.begin(), slot.ab.end(), ab);
    lock.lock();
    slot.done = 0;
    next_read += options.batch;
    room.notify_all();
  }

  const std::vector<PhotoItem> items;
  const LoaderOptions options;
  const loader::PhotoDraw draw;

  mutable std::mutex mutex;  // of everything up to `slots`
  std::condition_variable room, ready;
  bool stopping = false;
  std::uint64_t next_claim, next_read;
  std::vector<Slot> slots;

  std::mutex reader_mutex;
  mutable std::mutex failures_mutex;
  std::map<std::size_t, std::string> failures;  // by item: the same order for any timing

  std::vector<std::jthread> workers;  // last: joined before the rest goes
};

PhotoLoader::PhotoLoader(std::vector<PhotoItem> items, const LoaderOptions& options) {
  check(options);
  state_ = std::make_unique<State>(std::move(items), options);
  state_->start();
}

PhotoLoader::~PhotoLoader() = default;

void PhotoLoader::next(float* lightness, float* ab) { state_->read(lightness, ab); }

std::vector<FailedPhoto> PhotoLoader::failed() const {
  const std::lock_guard lock(state_->failures_mutex);
  std::vector<FailedPhoto> list;
  for (const auto& [index, reason] : state_->failures) {
    const PhotoItem& item = state_->items[index];
    const bool in_tar = item.offset != 0;  // a tar's first header comes before any data
    list.push_back({in_tar ? item.source + "/" + item.name : item.source, reason});
  }
  return list;
}

std::uint64_t PhotoLoader::next_sample() const {
  const std::lock_guard lock(state_->mutex);
  return state_->next_read;
}

}  // namespace colorlab
