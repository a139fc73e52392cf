// Photoshop's image resource blocks ("8BIM"), in which JPEG keeps IPTC records.
#pragma once

#include <cstdint>
#include <vector>

#include "io/sniff.hpp"

namespace colorlab::io {

// The IPTC-IIM records (resource 0x0404); empty when there are none or the blocks are broken.
[[nodiscard]] std::vector<std::uint8_t> iptc_of_photoshop(Bytes blocks);
// The one block that holds the records.
[[nodiscard]] std::vector<std::uint8_t> photoshop_of_iptc(Bytes iptc);

}  // namespace colorlab::io
