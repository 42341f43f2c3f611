#pragma once
// What concerns the process as a whole, whatever its command is.

#include <string_view>

namespace lshost::cli {

/// Before anything else: no core files, unless LSHOST_CORE_DUMPS is set.
void prepare_process() noexcept;

/// "lshost: sentence" on standard error. The sentence may hold what a store, a plugin or a file says: nothing in it
/// commands a terminal.
void print_failure(std::string_view sentence);

}  // namespace lshost::cli
