#pragma once
// A real file system in which chosen operations fail: for tests that need real SQLite on real files.

#include "os/fs.hpp"
#include "support/fault_plan.hpp"

namespace lshost::test {

/// Passes everything on to another Fs, except what the plan lets fail. A failing append writes half, a failing sync,
/// rename or removal does nothing, a failing close closes.
///
/// Ownership: borrows `under`. Threads: as `under`.
class FaultingFs final : public os::Fs, public FaultPlan {
 public:
  explicit FaultingFs(os::Fs& under = os::posix_fs()) : under_(under) {}

  std::unique_ptr<os::WritableFile> create(std::string_view op, const std::string& path, std::uint32_t mode) override;
  std::unique_ptr<os::WritableFile> open_append(std::string_view op, const std::string& path) override;
  std::unique_ptr<os::ReadableFile> open_read(std::string_view op, const std::string& path) override;
  std::optional<os::FileStat> stat(std::string_view op, const std::string& path) override;
  std::optional<std::vector<std::string>> list(std::string_view op, const std::string& directory) override;
  void create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) override;
  void rename(std::string_view op, const std::string& from, const std::string& to) override;
  void remove(std::string_view op, const std::string& path) override;
  void sync_directory(std::string_view op, const std::string& directory) override;

 private:
  os::Fs& under_;
};

}  // namespace lshost::test
