#pragma once
// What a test does without the powers of root.

#include <unistd.h>

namespace lshost::test {

/// While it lives, a test that runs as root is an ordinary user to the file system. Nothing for other users.
/// Threads: changes the whole process, so none may be busy with files meanwhile.
class Unprivileged {
 public:
  Unprivileged() : was_root_(::geteuid() == 0) {
    if (was_root_) (void)!::seteuid(65534);
  }
  ~Unprivileged() {
    if (was_root_) (void)!::seteuid(0);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  bool was_root_;
};

}  // namespace lshost::test
