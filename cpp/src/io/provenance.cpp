// The note that the colour is machine-made, as XMP (ISO 16684-1) and as a sentence.
#include <string>
#include <string_view>
#include <utility>

#include "colorlab/metadata.hpp"

namespace colorlab {
namespace {

using namespace std::string_view_literals;

constexpr auto kStart =
    "<rdf:Description rdf:about=\"\" xmlns:colorlab=\"urn:colorlab:provenance:1\""sv;
constexpr auto kEnd = "/>"sv;
constexpr auto kClose = "</rdf:RDF>"sv;
constexpr auto kSentence = "The colour of this photograph is machine-made"sv;
constexpr auto kSourceType =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"sv;

// Text as an XML attribute's value; control characters, which XML forbids, become spaces.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string description(const Provenance& provenance, bool with_source_type) {
  std::string text(kStart);
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(" ").append(name).append("=\"") += escaped(value) + "\"";
  };
  if (with_source_type) {
    add("xmlns:Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/");
    add("Iptc4xmpExt:DigitalSourceType", kSourceType);
  }
  add("colorlab:Note", kSentence);
  add("colorlab:Software", provenance.software);
  add("colorlab:Model", provenance.model);
  add("colorlab:ModelVersion", provenance.version);
  return text.append(kEnd);
}

std::string packet(const std::string& described) {
  return "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
         "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
         "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
         described + "</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
}

std::string sentence(const Provenance& provenance) {
  std::string text(kSentence);
  text += " (" + provenance.software + ", model " + provenance.model;
  if (!provenance.version.empty()) text += " " + provenance.version;
  return text + ")";
}

}  // namespace

Metadata with_provenance(Metadata metadata, const Provenance& provenance) {
  std::string xmp(metadata.xmp.begin(), metadata.xmp.end());
  const std::size_t old = xmp.find(kStart);
  if (old != std::string::npos) {
    const std::size_t end = xmp.find(kEnd, old);
    if (end != std::string::npos) xmp.erase(old, end + kEnd.size() - old);
  }
  const std::size_t close = xmp.rfind(kClose);
  if (close == std::string::npos) {
    xmp = packet(description(provenance, true));
  } else {
    const bool has_type = xmp.find("DigitalSourceType") != std::string::npos;
    xmp.insert(close, description(provenance, !has_type));
  }
  metadata.xmp.assign(xmp.begin(), xmp.end());

  const std::size_t said = metadata.comment.find(kSentence);
  if (said != std::string::npos) {
    const std::size_t end = metadata.comment.find('\n', said);
    metadata.comment.erase(said, end == std::string::npos ? end : end + 1 - said);
  }
  if (!metadata.comment.empty() && metadata.comment.back() != '\n') metadata.comment += '\n';
  metadata.comment += sentence(provenance);
  return metadata;
}

}  // namespace colorlab
