#include "replies.hpp"

#include <charconv>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include <lshost/cpp/error.hpp>

#include "times.hpp"
#include "uri.hpp"

namespace lshost::s3 {
namespace {

/// "s3:Key" -> "Key".
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

std::string text(const pugi::xml_node& parent, std::string_view name) { return child(parent, name).child_value(); }

template <class Each>
void for_each(const pugi::xml_node& parent, std::string_view name, Each each) {
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) == name) each(node);
  }
}

/// A parsed document whose outermost element is the one expected.
class Document {
 public:
  /// nullopt in place of a throw: `is_there()` says no.
  Document(const std::string& xml, std::string_view name) {
    const auto parsed = document_.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) {
      why_ = std::string("it is no XML: ") + parsed.description();
    } else if (local_name(document_.document_element()) != name) {
      why_ = "it is <" + std::string(local_name(document_.document_element())).substr(0, 40) + ">";
    }
    wanted_ = name;
  }
  [[nodiscard]] bool is_there() const noexcept { return why_.empty(); }
  [[nodiscard]] pugi::xml_node root() const {
    if (!why_.empty()) {
      throw Error::Retryable("the server's reply is not the <" + wanted_ + "> that was expected: " + why_);
    }
    return document_.document_element();
  }

 private:
  pugi::xml_document document_;
  std::string wanted_;
  std::string why_;
};

[[noreturn]] void bad_value(const char* what, const std::string& value) {
  throw Error::Retryable(std::string("the server's reply has a ") + what + " that is none: " + value.substr(0, 40));
}

std::uint64_t to_size(const std::string& value) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
  if (error != std::errc() || end != value.data() + value.size()) bad_value("size", value);
  return size;
}

std::string required(const pugi::xml_node& parent, const char* name) {
  std::string value = text(parent, name);
  if (value.empty()) throw Error::Retryable(std::string("the server's reply has no ") + name);
  return value;
}

/// Some servers do not know encoding-type: then keys are as they are.
bool has_encoded_keys(const pugi::xml_node& root) { return text(root, "EncodingType") == "url"; }

std::string key_of(const pugi::xml_node& node, bool is_encoded) {
  std::string key = required(node, "Key");
  return is_encoded ? decode(key) : key;
}

std::string to_text(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return out.str();
}

}  // namespace

ListPage parse_list(const std::string& xml) {
  const Document document(xml, "ListBucketResult");
  const auto root = document.root();
  const bool is_encoded = has_encoded_keys(root);
  ListPage page;
  for_each(root, "Contents", [&](const pugi::xml_node& node) {
    page.objects.push_back({key_of(node, is_encoded), to_size(required(node, "Size")),
                            parse_iso_time(text(node, "LastModified")).value_or(0)});
  });
  if (text(root, "IsTruncated") == "true") page.next_token = required(root, "NextContinuationToken");
  return page;
}

std::vector<PendingUpload> parse_pending_uploads(const std::string& xml) {
  const Document document(xml, "ListMultipartUploadsResult");
  const auto root = document.root();
  const bool is_encoded = has_encoded_keys(root);
  std::vector<PendingUpload> uploads;
  for_each(root, "Upload", [&](const pugi::xml_node& node) {
    uploads.push_back(
        {key_of(node, is_encoded), required(node, "UploadId"), parse_iso_time(text(node, "Initiated")).value_or(0)});
  });
  return uploads;
}

std::string parse_begun_upload(const std::string& xml) {
  const Document document(xml, "InitiateMultipartUploadResult");
  return required(document.root(), "UploadId");
}

std::optional<ErrorDocument> parse_error(const std::string& xml) {
  const Document document(xml, "Error");
  if (!document.is_there()) return std::nullopt;
  const auto root = document.root();
  return ErrorDocument{text(root, "Code"), text(root, "Message"), text(root, "Region"), text(root, "Endpoint"),
                       text(root, "ServerTime")};
}

std::string error_document(const std::string& code, const std::string& message) {
  pugi::xml_document document;
  auto root = document.append_child("Error");
  root.append_child("Code").text().set(code.c_str());
  root.append_child("Message").text().set(message.c_str());
  return to_text(document);
}

std::vector<UndeletedKey> parse_delete_result(const std::string& xml) {
  const Document document(xml, "DeleteResult");
  std::vector<UndeletedKey> undeleted;
  for_each(document.root(), "Error", [&](const pugi::xml_node& node) {
    undeleted.push_back({text(node, "Key"), text(node, "Code"), text(node, "Message")});
  });
  return undeleted;
}

std::string delete_document(std::span<const std::string> keys) {
  pugi::xml_document document;
  auto root = document.append_child("Delete");
  root.append_child("Quiet").text().set("true");
  for (const std::string& key : keys) root.append_child("Object").append_child("Key").text().set(key.c_str());
  return to_text(document);
}

std::string complete_document(std::span<const std::string> etags) {
  pugi::xml_document document;
  auto root = document.append_child("CompleteMultipartUpload");
  unsigned number = 0;
  for (const std::string& etag : etags) {
    auto part = root.append_child("Part");
    part.append_child("PartNumber").text().set(++number);
    part.append_child("ETag").text().set(etag.c_str());
  }
  return to_text(document);
}

}  // namespace lshost::s3
