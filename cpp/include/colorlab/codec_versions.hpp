// Which libraries files go through: what a report of a bug has to say.
#pragma once

#include <map>
#include <string>

namespace colorlab {

// Versions by name, as they run where a library tells that, else as they were compiled against.
std::map<std::string, std::string> codec_versions();

}  // namespace colorlab
