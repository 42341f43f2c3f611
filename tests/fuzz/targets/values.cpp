// Times, durations, sizes and positions as people write them.
//
// Input: the text.
// Holds: what is taken is written so that it is read as the same.

#include <cctype>
#include <chrono>

#include "config/config.hpp"
#include "config/value_of_text.hpp"
#include "db/position.hpp"
#include "fuzz/target.hpp"
#include "replica/time_text.hpp"

namespace lshost::fuzz {
namespace {

void check_time(std::string_view text) {
  const auto time = replica::parse_time(text);
  if (!time) return;
  expect(*time >= 0, "no time is before 1970");
  if (*time == 0) return;
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  expect(replica::parse_time(replica::time_text(*time)) == *time / kNanosPerMilli * kNanosPerMilli,
         "a time is written as it was read, to the millisecond");
}

void check_position(std::string_view text) {
  const auto read = db::parse_index_offset(text);
  if (!read) return;
  const auto shown = db::to_string({.generation = "0123456789abcdef", .index = read->index, .offset = read->offset});
  expect(db::parse_index_offset(std::string_view(shown).substr(17)) == *read, "a position is written as it was read");
}

void check_quantities(std::string_view text) {
  if (const auto duration = config::parse_duration(text)) {
    expect(duration->count() >= 0, "no duration is negative");
    expect(config::parse_duration(std::to_string(duration->count()) + "ns") == *duration, "it is so many nanoseconds");
  }
  if (const auto size = config::parse_size(text))
    expect(config::parse_size(std::to_string(*size)) == *size, "a size is so many bytes");
  for (const auto type : {config::KeyType::string, config::KeyType::integer, config::KeyType::boolean,
                          config::KeyType::real, config::KeyType::duration, config::KeyType::size})
    (void)config::value_of_text(type, std::string(text));
}

}  // namespace

void fuzz_values(ByteSpan input) {
  const auto text = Input(input).text();
  check_time(text);
  check_position(text);
  check_quantities(text);
}

}  // namespace lshost::fuzz
