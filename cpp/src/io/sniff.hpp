// What a file is, told by its first bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "colorlab/io.hpp"

namespace colorlab::io {

using Bytes = std::span<const std::uint8_t>;

// The format, or nothing when these bytes are none that colorlab reads.
[[nodiscard]] std::optional<Format> sniff(Bytes bytes);

// True when the bytes end inside the signature of a format that colorlab reads.
[[nodiscard]] bool ends_in_signature(Bytes bytes);

// "a GIF image", "text", "an HTML page"...: completes "this looks like ".
[[nodiscard]] std::string describe_unknown(Bytes bytes);

}  // namespace colorlab::io
