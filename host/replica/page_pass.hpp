#pragma once
// The second pass of a restore: the snapshot streams past, newer pages are put in their places from the indexes that
// were kept open, and all goes to the file in large writes, in the order of the pages.
//
// One thread reads and writes. Writers of one file wait for each other, and being put to sleep and woken for each block
// costs more than the copy (1 GB in 1.1 s by two threads, in 0.6 s by one); a reader and a writer with a queue between
// them were no faster than one thread that writes out of its processor's cache, and took 1.4 times the CPU.

#include <cstdint>
#include <functional>

#include "replica/image_source.hpp"
#include "replica/kept_indexes.hpp"
#include "replica/page_table.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {

/// Writes every page but those that the first pass wrote. Threads: one. What is given is borrowed.
class PagePass {
 public:
  /// `on_bytes`: called before each block with the bytes of the snapshot that are in it; may throw to end the pass.
  PagePass(ImageSource& image, PageTable& table, const KeptIndexes& kept, ScratchFile& out,
           std::function<void(std::uint64_t snapshot_bytes)> on_bytes)
      : image_(image), table_(table), kept_(kept), out_(out), on_bytes_(std::move(on_bytes)) {}

  /// The whole snapshot is read, and so proven; of the database, `page_count` pages are made. Throws what reading and
  /// writing throw.
  void run(std::uint32_t page_size, std::uint64_t page_count);

 private:
  /// Puts newer pages into a block, and writes those that have their place in it. `has_image`: the bytes are the
  /// snapshot's.
  void write(PageBlock& block, std::uint32_t page_size, bool has_image);
  void write_run(const PageBlock& block, std::size_t begin, std::size_t end);

  ImageSource& image_;
  PageTable& table_;
  const KeptIndexes& kept_;
  ScratchFile& out_;
  std::function<void(std::uint64_t)> on_bytes_;
  std::uint64_t begun_writing_back_ = 0;  // bytes of the file
};

}  // namespace lshost::replica
