#pragma once
// What all calls of one replicator share: the connections, which folders are known to be there, what is left to clean
// up, and what was already said in the log.

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <lshost/cpp/context.hpp>

#include "options.hpp"
#include "pool.hpp"

namespace lshost::sftp {

/// Threads: any, several at once. Nothing is asked of a server under the lock.
class Remote {
 public:
  Remote(Context context, Options options);

  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] Pool& pool() const noexcept { return *pool_; }
  /// The file of a key. Throws Error{INVALID}.
  [[nodiscard]] std::string path_of(const std::string& key) const;

  /// Creates a folder and makes its name durable, unless that was done before.
  void prepare_folder(Client& client, const std::string& folder);
  /// The folder is gone: the next prepare_folder() does it all again.
  void forget_folder(const std::string& folder);

  /// A temporary file that could not be removed, because there was no connection.
  void leave_behind(const std::string& path);
  void remove_left_behind(Client& client);

 private:
  [[nodiscard]] std::unique_ptr<Client> connect();
  void tell_what_is_missing(const Extensions& extensions);

  const Context context_;
  const Options options_;
  std::shared_ptr<Pool> pool_;

  std::mutex mutex_;
  std::set<std::string> prepared_;  // guarded by mutex_, as the rest
  std::vector<std::string> left_behind_;
  bool has_told_ = false;
};

}  // namespace lshost::sftp
