#include "support/memory_disk.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"

namespace lshost::test {
namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, slash - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = slash + 1;
  }
  return parts;
}

std::string last_part(const std::string& path) {
  const auto parts = parts_of(path);
  return parts.empty() ? std::string() : parts.back();
}

/// Every node under `from` that `children` leads to, each once.
void for_each_node(const MemoryDisk::NodePtr& from, const std::function<void(MemoryDisk::Node&)>& fn) {
  fn(*from);
  for (const auto& [name, node] : from->names) for_each_node(node, fn);
}

/// What a crash may leave of bytes that were never synced.
MemoryDisk::Bytes torn(const MemoryDisk::Node& file, std::mt19937_64& random) {
  constexpr std::size_t kSector = 512;
  const bool has_grown = file.data.size() >= file.durable.size() &&
                         std::equal(file.durable.begin(), file.durable.end(), file.data.begin());
  if (!has_grown && random() % 2 == 0) return file.durable;
  const std::size_t kept = has_grown ? file.durable.size() : 0;
  auto bytes = file.data;
  bytes.resize(kept + random() % (file.data.size() - kept + 1));
  for (std::size_t at = kept; at < bytes.size(); at += kSector - at % kSector) {
    const auto end = std::min(bytes.size(), at + kSector - at % kSector);
    if (random() % 4 == 0)
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(end),
                std::byte{0});
  }
  return bytes;
}

}  // namespace

MemoryDisk::MemoryDisk() : root_(new_node(true, 0755)) {}

MemoryDisk::NodePtr MemoryDisk::new_node(bool is_directory, std::uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->is_directory = is_directory;
  node->mode = mode;
  node->inode = next_inode_++;
  node->modified_ns = ++now_;
  return node;
}

MemoryDisk::NodePtr MemoryDisk::find(const std::string& path) const {
  auto node = root_;
  for (const auto& part : parts_of(path)) {
    const auto it = node->names.find(part);
    if (it == node->names.end()) return nullptr;
    node = it->second;
  }
  return node;
}

MemoryDisk::NodePtr MemoryDisk::parent_of(std::string_view op, const std::string& path) const {
  auto parent = find(os::parent_directory(path));
  if (!parent) throw_errno(op, path, ENOENT);
  if (!parent->is_directory) throw_errno(op, path, ENOTDIR);
  return parent;
}

void MemoryDisk::apply(Change change) {
  for (const auto& entry : change) {
    if (entry.node) {
      entry.directory->names[entry.name] = entry.node;
    } else {
      entry.directory->names.erase(entry.name);
    }
    entry.directory->modified_ns = ++now_;
  }
  pending_.push_back(std::move(change));
}

MemoryDisk::NodePtr MemoryDisk::create(std::string_view op, const std::string& path, std::uint32_t mode) {
  if (auto existing = find(path)) {
    if (existing->is_directory) throw_errno(op, path, EISDIR);
    existing->mode = mode;
    truncate(*existing, 0);
    return existing;
  }
  auto file = new_node(false, mode);
  apply({{.directory = parent_of(op, path), .name = last_part(path), .node = file}});
  return file;
}

void MemoryDisk::make_directories(std::string_view op, const std::string& path, std::uint32_t mode) {
  if (const auto existing = find(path)) {
    if (!existing->is_directory) throw_errno(op, path, ENOTDIR);
    return;
  }
  const auto parent = os::parent_directory(path);
  make_directories(op, parent, mode);
  apply({{.directory = find(parent), .name = last_part(path), .node = new_node(true, mode)}});
  sync_names(op, parent);
}

void MemoryDisk::rename(std::string_view op, const std::string& from, const std::string& to) {
  const auto node = find(from);
  const auto target = find(to);
  if (!node) throw_errno(op, from + " to " + to, ENOENT);
  if (node == target) return;
  if (target && target->is_directory) {
    if (!node->is_directory) throw_errno(op, from + " to " + to, EISDIR);
    if (!target->names.empty()) throw_errno(op, from + " to " + to, ENOTEMPTY);
  }
  if (target && !target->is_directory && node->is_directory) throw_errno(op, from + " to " + to, ENOTDIR);
  apply({{.directory = parent_of(op, from), .name = last_part(from), .node = nullptr},
         {.directory = parent_of(op, to), .name = last_part(to), .node = node}});
}

void MemoryDisk::remove(std::string_view op, const std::string& path) {
  const auto node = find(path);
  if (!node) return;
  if (node->is_directory && !node->names.empty()) throw_errno(op, path, ENOTEMPTY);
  apply({{.directory = parent_of(op, path), .name = last_part(path), .node = nullptr}});
}

void MemoryDisk::make_durable(const Change& change) {
  for (const auto& entry : change) {
    if (entry.node) {
      entry.directory->durable_names[entry.name] = entry.node;
    } else {
      entry.directory->durable_names.erase(entry.name);
    }
  }
}

void MemoryDisk::sync_names(std::string_view op, const std::string& directory) {
  const auto node = find(directory);
  if (!node) throw_errno(op, directory, ENOENT);
  if (!node->is_directory) throw_errno(op, directory, ENOTDIR);
  const auto touches = [&](const Change& change) {
    return std::any_of(change.begin(), change.end(), [&](const Entry& entry) { return entry.directory == node; });
  };
  for (const auto& change : pending_) {
    if (touches(change)) make_durable(change);
  }
  std::erase_if(pending_, touches);
}

void MemoryDisk::write(Node& file, std::uint64_t offset, ByteSpan data) {
  file.data.resize(std::max<std::uint64_t>(file.data.size(), offset + data.size()));
  std::copy(data.begin(), data.end(), file.data.begin() + static_cast<std::ptrdiff_t>(offset));
  file.modified_ns = ++now_;
}

void MemoryDisk::truncate(Node& file, std::uint64_t size_bytes) {
  file.data.resize(size_bytes);
  file.modified_ns = ++now_;
  // Nothing is left of the pages that were lost; what is written from here on is new.
  if (file.data.size() <= file.durable.size() && std::equal(file.data.begin(), file.data.end(), file.durable.begin())) {
    file.has_lost_bytes = false;
  }
}

void MemoryDisk::sync(Node& file) {
  if (!file.has_lost_bytes) file.durable = file.data;
}

void MemoryDisk::crash() { restart(); }

void MemoryDisk::crash(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto survivors = random() % (pending_.size() + 1);
  for (std::size_t i = 0; i < survivors; ++i) make_durable(pending_[i]);
  for_each_node(root_, [&](Node& node) {
    if (node.data != node.durable) node.durable = torn(node, random);
  });
  restart();
}

void MemoryDisk::restart() {
  pending_.clear();
  // Names first, parents before children: what is not reachable any more needs no bytes.
  for_each_node(root_, [](Node& node) {
    node.names = node.durable_names;
    node.data = node.durable;
    node.has_lost_bytes = false;
  });
}

std::uint64_t MemoryDisk::used_bytes() const {
  std::uint64_t sum = 0;
  for_each_node(root_, [&](const Node& node) { sum += node.data.size(); });
  return sum;
}

}  // namespace lshost::test
