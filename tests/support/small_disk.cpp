#include "support/small_disk.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace lshost::test {

SmallDisk::SmallDisk(std::uint64_t size_bytes) : size_bytes_(size_bytes) { mount(0, size_bytes); }

SmallDisk::~SmallDisk() { (void)::umount2(directory_.path().c_str(), MNT_DETACH); }

std::optional<std::string> SmallDisk::why_not() {
  try {
    const SmallDisk disk(64 << 10);
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  }
}

void SmallDisk::mount(unsigned long flags, std::uint64_t size_bytes) {
  const auto data = "size=" + std::to_string(size_bytes);
  if (::mount("none", directory_.path().c_str(), "tmpfs", flags, data.c_str()) != 0)
    throw std::runtime_error("a small file system can be mounted only by root");
}

void SmallDisk::fill() {
  std::ofstream file(directory_ / "ballast", std::ios::binary);
  const std::vector<char> page(4096);
  while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
  }
}

void SmallDisk::make_room() {
  (void)std::remove((directory_ / "ballast").c_str());
  mount(MS_REMOUNT, size_bytes_ * 64);
}

}  // namespace lshost::test
