#pragma once
// Reads objects: what lshost knows of one from the last bytes of it, and its raw bytes.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/format/age/file_end.hpp"
#include "engine/format/open_object.hpp"
#include "engine/inventory.hpp"
#include "engine/kept_objects.hpp"
#include "engine/settings.hpp"
#include "engine/store.hpp"
#include "engine/streams.hpp"

namespace lshost::engine {

/// What an object says of itself.
struct Facts {
  std::optional<ObjectInfo> info;  ///< nullopt: Litestream or another tool wrote it
  std::uint64_t raw_size = 0;      ///< with an info, or where the whole object was read
  std::string damage;              ///< why it can not be used, a sentence; "" if nothing speaks against it
};

/// What its caller is going to do with the objects that it looks into.
enum class Reading {
  listed,   ///< their ends are wanted, again and again, for as long as the process lives
  restored  ///< all of them are going to be read once: small ones are fetched whole at once, and kept for it
};

/// Threads: any. Errors: what the store says; Cancelled. Cost: one ranged get for an info, and nothing when it is asked
/// for again: objects do not change.
class ObjectReader {
 public:
  /// `check` is called before each request, and throws to stop.
  ObjectReader(Store& store, const Settings& settings, Reading reading, std::function<void()> check);

  /// From the object's end, and of encrypted ones also from their start. raw_size is 0 if there is no info.
  [[nodiscard]] Facts look_at(const NamedObject& object);
  /// The same for many, several at once where the store allows; in the same order.
  [[nodiscard]] std::vector<Facts> look_at_all(std::span<const NamedObject* const> objects);
  /// Everything, by reading all of it.
  [[nodiscard]] Facts read_through(const NamedObject& object);
  /// What its info says, or, where there is none, what it is when all of it is read. For many, several at once.
  [[nodiscard]] std::vector<Facts> look_into_all(std::span<const NamedObject* const> objects);
  /// The raw bytes, verified.
  [[nodiscard]] std::unique_ptr<Source> open(const NamedObject& object);

  void forget(const std::string& key);

 private:
  struct Remembered {
    std::uint64_t size;
    std::int64_t created_ns;
    Facts facts;
  };
  [[nodiscard]] std::unique_ptr<OpenedObject> open_stored(const NamedObject& object,
                                                          std::unique_ptr<Source> stored) const;
  /// Bytes [offset, offset + length) of an object that is looked at.
  using Range = std::function<Buffer(std::uint64_t offset, std::uint64_t length)>;
  [[nodiscard]] Facts look_at_end(const NamedObject& object, const Range& range) const;
  [[nodiscard]] age::FileEnd find_end(const NamedObject& object, const Range& range) const;
  [[nodiscard]] Facts look_into(const NamedObject& object);
  [[nodiscard]] Facts look_into_whole(const NamedObject& object);
  [[nodiscard]] Facts read_all_of(const NamedObject& object, std::unique_ptr<Source> stored) const;
  [[nodiscard]] Buffer read_range(const NamedObject& object, std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] std::optional<Facts> remembered(const NamedObject& object) const;
  Facts remember(const NamedObject& object, Facts facts);

  Store& store_;
  const Settings& settings_;
  const Reading reading_;
  const std::function<void()> check_;
  KeptObjects kept_;

  mutable std::mutex mutex_;
  std::map<std::string, Remembered> known_;  // guarded by mutex_
};

/// Runs `work(i)` for i from 0 to count - 1, on up to `threads` threads. What one of them throws ends all of it.
void for_each_at_once(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace lshost::engine
