#pragma once
// Percent-encoding as S3 signs it: everything but A-Z a-z 0-9 - . _ ~ is encoded, in capitals.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lshost::s3 {

/// One value, '/' included.
[[nodiscard]] std::string encode(std::string_view text);
/// A path: '/' stays.
[[nodiscard]] std::string encode_path(std::string_view path);
/// The reverse, with '+' as a blank, as lists with encoding-type=url have it. What is no encoding stays as it is.
[[nodiscard]] std::string decode(std::string_view text);

/// Names and values of a query, as they are.
using Query = std::vector<std::pair<std::string, std::string>>;

/// Encoded and sorted, "a=1&b=": the form that is signed is also the form that is sent.
[[nodiscard]] std::string encode_query(const Query& query);

}  // namespace lshost::s3
