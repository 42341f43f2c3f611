// Runs inputs through a fuzz target, without a fuzzer: the committed corpora in every build, and what a fuzzer found.
//
//   fuzz_replay TARGET FILE_OR_FOLDER...
//
// Exits with 0 if nothing was found; a finding aborts. No input at all is a mistake.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz_targets.hpp"

namespace {

namespace fs = std::filesystem;
using lshost::fuzz::Target;

std::vector<fs::path> files_below(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

void run(const Target& target, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " can not be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  (void)std::fprintf(stderr, "%s: %s\n", target.name, path.c_str());  // the last one is what it died of
  target.run(lshost::fuzz::bytes_of(text));
}

int replay(const std::vector<std::string>& arguments) {
  for (const auto& target : lshost::fuzz::kTargets) {
    if (arguments.empty() || arguments[0] != target.name) continue;
    std::size_t count = 0;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      for (const auto& path : files_below(arguments[i])) {
        run(target, path);
        ++count;
      }
    }
    (void)std::fprintf(stderr, "%s: %zu inputs\n", target.name, count);
    return count > 0 ? 0 : 2;
  }
  (void)std::fprintf(stderr, "usage: fuzz_replay TARGET FILE_OR_FOLDER...\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return replay({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "fuzz_replay: %s\n", error.what());
    return 1;
  }
}
