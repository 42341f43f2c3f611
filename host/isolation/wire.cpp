#include "isolation/wire.hpp"

#include "base/error.hpp"

namespace lshost::isolation {

void Reader::refuse(const char* what) { throw Error(ErrorCode::corrupt, std::string("a message with ") + what); }

ByteSpan Reader::take(std::size_t size) {
  if (size > rest_.size()) refuse("too few bytes");
  const ByteSpan taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

bool Reader::flag() {
  const std::uint8_t value = u8();
  if (value > 1) refuse("a flag that is neither 0 nor 1");
  return value == 1;
}

std::string Reader::text() {
  const ByteSpan bytes = take(u32());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t Reader::count(std::size_t element_size) {
  const std::uint32_t number = u32();
  if (number > rest_.size() / element_size) refuse("a count of more than it holds");
  return number;
}

void Reader::expect_end() const {
  if (!rest_.empty()) refuse("bytes behind its end");
}

}  // namespace lshost::isolation
