// Finding the photographs below files, folders and tar shards.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <system_error>

#include "colorlab/error.hpp"
#include "colorlab/loader.hpp"
#include "loader/tar_index.hpp"

namespace colorlab {
namespace {

namespace fs = std::filesystem;

std::string extension_of(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return extension;
}

// By extension; macOS leaves "._name.jpg" beside the photo, which is no photo.
bool is_photo(const std::string& name) {
  constexpr std::array kExtensions = {".jpg", ".jpeg", ".png", ".webp"};
  const std::string extension = extension_of(name);
  return !fs::path(name).filename().string().starts_with("._") &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

bool is_tar(const std::string& name) { return extension_of(name) == ".tar"; }

void sort_by_name(std::vector<PhotoItem>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const PhotoItem& a, const PhotoItem& b) { return a.name < b.name; });
}

void add_tar(const fs::path& path, std::vector<PhotoItem>& found) {
  std::vector<PhotoItem> members = loader::index_tar(path);
  std::erase_if(members, [](const PhotoItem& item) { return !is_photo(item.name); });
  sort_by_name(members);
  found.insert(found.end(), members.begin(), members.end());
}

void add_folder(const fs::path& folder, std::vector<PhotoItem>& found) {
  std::vector<PhotoItem> photos;
  std::vector<fs::path> shards;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if ((!is_photo(name) && !is_tar(name)) || !entry.is_regular_file()) continue;
      if (is_tar(name)) {
        shards.push_back(entry.path());
      } else {
        photos.push_back({entry.path().string(), entry.path().lexically_relative(folder).string(),
                          0, entry.file_size()});
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::input_unreadable, "cannot be listed: " + error.code().message(),
                error.path1().empty() ? folder.string() : error.path1().string());
  }
  sort_by_name(photos);
  found.insert(found.end(), photos.begin(), photos.end());
  std::sort(shards.begin(), shards.end());
  for (const fs::path& shard : shards) add_tar(shard, found);
}

}  // namespace

std::vector<PhotoItem> index_photos(const std::vector<fs::path>& sources) {
  std::vector<PhotoItem> found;
  for (const fs::path& source : sources) {
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    if (!fs::exists(status)) {
      const bool missing = status.type() == fs::file_type::not_found;
      throw Error(
          missing ? ErrorCode::file_not_found : ErrorCode::input_unreadable,
          missing ? "there is no such file or folder" : "cannot be read: " + error.message(),
          source.string());
    }
    if (fs::is_directory(status)) {
      add_folder(source, found);
    } else if (is_tar(source.string())) {
      add_tar(source, found);
    } else if (is_photo(source.string())) {
      const std::uintmax_t size = fs::file_size(source, error);
      if (error) {
        throw Error(ErrorCode::input_unreadable, "is no regular file", source.string());
      }
      found.push_back({source.string(), source.filename().string(), 0, size});
    } else {
      throw Error(ErrorCode::unsupported_format, "is neither a photo nor a .tar of photos",
                  source.string(),
                  "Photos are jpg, jpeg, png and webp files; unpack .tar.gz first");
    }
  }
  return found;
}

}  // namespace colorlab
