#pragma once
// A plugin's process: loads the plugin as the host would, runs it behind the same ABI, and does what the host asks.

namespace lshost::isolation {

/// The whole life of the process; `descriptor` is its end of the channel. Ends the process rather than returning: other
/// threads are a plugin's, and nothing can be taken down under them. REQUIRES: no other thread.
[[noreturn]] void run_plugin_child(int descriptor);

}  // namespace lshost::isolation
