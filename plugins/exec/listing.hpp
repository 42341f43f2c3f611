#pragma once
// What a list program prints: one object a line, its size, a separator, its name. Pure.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lshost::exec {

struct Listed {
  std::string name;
  std::uint64_t size = 0;
};

/// Takes text in pieces of any size. Threads: one.
class ListParser {
 public:
  using Each = std::function<void(const Listed&)>;

  /// `separator` is not empty. `each` is called for every object, in the order of the lines; names that no object of
  /// ours can have (folders, blanks) are left out.
  ListParser(std::string separator, Each each);

  /// Throws Error{CORRUPT} with the line, where one is not "SIZE SEPARATOR NAME". Empty lines are skipped.
  void take(std::string_view text);
  /// The last line may lack its newline.
  void finish();

 private:
  void take_line(std::string_view line);

  const std::string separator_;
  const Each each_;
  std::string rest_;  // of a line that is not whole yet
};

/// Whether an object of the host can have this name: [A-Za-z0-9._-/], 1 to 255 bytes, no part that is empty, "." or
/// "..".
[[nodiscard]] bool is_object_name(std::string_view name) noexcept;

}  // namespace lshost::exec
