#include "os/publish.hpp"

#include "base/error.hpp"

namespace lshost::os {
namespace {

void write_durably(Fs& fs, std::string_view op, const std::string& path, ByteSpan data, std::uint32_t mode) {
  const auto file = fs.create(op, path, mode);
  file->append(op, data);
  file->sync(op);
  file->close(op);
}

}  // namespace

void publish(Fs& fs, std::string_view op, const std::string& directory, const std::string& name, ByteSpan data,
             std::uint32_t mode) {
  const std::string final_path = directory + "/" + name;
  const std::string tmp_path = final_path + ".tmp";
  try {
    write_durably(fs, op, tmp_path, data, mode);  // 1. the bytes
    fs.rename(op, tmp_path, final_path);          // 2. the name, atomically
  } catch (...) {
    try {
      fs.remove(op, tmp_path);
    } catch (const Error&) {  // start-up removes it; the first failure is the one to report
    }
    throw;
  }
  fs.sync_directory(op, directory);  // 3. the name, durably
}

}  // namespace lshost::os
