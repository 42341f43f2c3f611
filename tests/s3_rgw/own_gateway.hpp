#pragma once
// A gateway of a test's own, on the data of the shared one: to be killed, stopped and started again.

#include <memory>
#include <string>

#include "gateway.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace lshost::test {

/// Ownership: the destructor kills it.
class OwnGateway {
 public:
  /// Starts it, on a port of its own, and waits until it answers.
  explicit OwnGateway(const Gateway& shared);

  /// Where it is; the keys are those of the shared one.
  [[nodiscard]] const Gateway& gateway() const { return gateway_; }
  void start();
  void kill(int signal) { process_->kill(signal); }
  /// kill -9, and waits for its end.
  void crash();

 private:
  TempDir dir_;
  Gateway gateway_;
  int port_;
  std::unique_ptr<Process> process_;
};

/// Runs radosgw-admin on the shared cluster. Throws if it fails.
std::string admin(const Gateway& gateway, const std::vector<std::string>& arguments);

}  // namespace lshost::test
