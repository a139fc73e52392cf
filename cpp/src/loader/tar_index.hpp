// Where the members of a tar archive lie, without unpacking it.
#pragma once

#include <filesystem>
#include <vector>

#include "colorlab/loader.hpp"

namespace colorlab::loader {

// Every regular file in an uncompressed tar (ustar, GNU long names, pax path and size), in the
// archive's order. Throws Error(corrupt_image) naming the tar and the offset where it breaks.
[[nodiscard]] std::vector<PhotoItem> index_tar(const std::filesystem::path& path);

}  // namespace colorlab::loader
