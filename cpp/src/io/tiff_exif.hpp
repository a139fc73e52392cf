// An EXIF block as a TIFF's own tags and directories.
#pragma once

#include "io/tiff_handle.hpp"

namespace colorlab::io {

// Writes the block's EXIF and GPS directories to the end of the sink and sets their tags and the
// descriptive ones (description, make, model, software, date, artist, copyright). Makers' notes are
// left out: they hold offsets into the old file. A broken block sets nothing.
void set_exif_tags(TIFF* tiff, TiffSink& sink, bool big, Bytes exif);

}  // namespace colorlab::io
