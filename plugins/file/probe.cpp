#include "probe.hpp"

#include <unistd.h>

#include <array>
#include <random>
#include <ranges>

namespace lshost::file {
namespace {

/// A name that no other probe uses at this time.
std::string probe_name() {
  std::random_device random;
  return ".lshost-probe-" + hex16((std::uint64_t{random()} << 32) | random());
}

/// Removes a file, and then the folders that were made for it, whatever happens.
class Cleanup {
 public:
  explicit Cleanup(const Disk& disk) : disk_(disk) {}
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  ~Cleanup() {
    if (!file.empty()) (void)::unlink(file.c_str());
    for (const auto& folder : std::views::reverse(folders)) (void)::rmdir(folder.c_str());  // unless it is in use now
  }

  void remove_file() {
    disk_.remove(file);
    file.clear();
  }

  std::string file;
  std::vector<std::string> folders;

 private:
  const Disk& disk_;
};

}  // namespace

void probe(const Destination& destination) {
  const Disk& disk = destination.disk();
  Cleanup cleanup(disk);
  cleanup.folders = disk.make_folders(destination.layout().generations());
  cleanup.file = destination.layout().generations() + "/" + probe_name();
  OutFile file = disk.create(cleanup.file);
  constexpr std::array<std::byte, 16> kContent{};
  file.append(kContent);
  file.sync();
  cleanup.remove_file();
}

}  // namespace lshost::file
