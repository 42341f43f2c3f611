// What the list command of the exec plugin prints.
//
// Input: a byte that chooses the separator and the size of pieces, the text.
// Holds: it does not matter how the text is cut; a name that is taken leads nowhere else.

#include "exec/listing.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <lshost/cpp/error.hpp>

#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using Objects = std::vector<std::pair<std::string, std::uint64_t>>;

void check_name(const std::string& name) {
  expect(exec::is_object_name(name) && name.size() <= 255, "a name is one that an object can have");
  expect(!name.starts_with('/') && !name.ends_with('/'), "a name is no path");
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('/', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    expect(!part.empty() && part != "." && part != "..", "a part of a name leads nowhere");
    begin = end + 1;
  }
}

/// nullopt: refused.
std::optional<Objects> parse(std::string_view text, const std::string& separator, std::size_t piece_size) {
  Objects objects;
  exec::ListParser parser(separator, [&](const exec::Listed& listed) {
    check_name(listed.name);
    objects.emplace_back(listed.name, listed.size);
  });
  try {
    for (std::size_t at = 0; at < text.size(); at += piece_size) parser.take(text.substr(at, piece_size));
    parser.finish();
  } catch (const Error& error) {
    expect(error.Code() == LSHOST_E_CORRUPT, "what is no listing is corrupt");
    const std::string_view sentence = error.what();
    expect(std::ranges::none_of(sentence, [](char c) { return static_cast<unsigned char>(c) < ' '; }),
           "what is said of it does no harm to a terminal");
    return std::nullopt;
  }
  return objects;
}

}  // namespace

void fuzz_exec_listing(ByteSpan input) {
  Input in(input);
  const unsigned how = in.byte();
  const std::string separator = (how & 1U) != 0 ? "\t" : (how & 2U) != 0 ? ", " : " ";
  const auto whole = parse(in.text(), separator, SIZE_MAX / 2);
  expect(parse(in.text(), separator, how / 4 + 1) == whole, "it does not matter how a listing is cut");
}

}  // namespace lshost::fuzz
