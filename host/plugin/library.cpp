#include "plugin/library.hpp"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>
#include <list>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "obs/log.hpp"
#include "plugin/abi.hpp"

namespace lshost::plugin {
namespace {

namespace dll = boost::dll;

struct Loaded {
  Library library;
  std::string refusal;  // why a library that is in the process may not be used; "" for the good ones
  // Open for ever, too: the loader knows a library by the name it was opened with, so the number in /proc/self/fd must
  // never name another file.
  UniqueFd descriptor;
  dll::shared_library handle;
};

struct Libraries {
  Mutex mutex;
  std::list<Loaded> all LSHOST_GUARDED_BY(mutex);
};

/// Never destroyed: nothing of it may be unloaded at exit.
Libraries& libraries() {
  static auto* const all = new Libraries;
  return *all;
}

/// The loader speaks of "/proc/self/fd/7", people know the file by its path.
std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// All symbols resolved now, visible to nobody else, never unloaded. (RTLD_DEEPBIND would give a plugin a second
/// std::cout and a second allocator.)
dll::shared_library open_library(const PluginFile& file) {
  constexpr auto kMode =
      static_cast<dll::load_mode::type>(dll::load_mode::rtld_now | dll::load_mode::rtld_local | RTLD_NODELETE);
  const std::string by_descriptor = "/proc/self/fd/" + std::to_string(file.descriptor.get());
  dll::shared_library handle;
  std::error_code failed;
  (void)::dlerror();
  handle.load(by_descriptor, kMode, failed);
  if (failed) {
    const char* reason = ::dlerror();  // the error_code says nothing
    throw Error(
        ErrorCode::unsupported,
        "can not be loaded: " + replace_all(reason == nullptr ? failed.message() : reason, by_descriptor, file.path));
  }
  return handle;
}

using Entry = const lshost_module* (*)(const lshost_host_info*, lshost_error*) noexcept;

const lshost_module* ask_for_module(const dll::shared_library& handle) {
  if (!handle.has(LSHOST_ENTRY_SYMBOL)) {
    throw Error(ErrorCode::unsupported, "it has no function " LSHOST_ENTRY_SYMBOL);
  }
  const auto entry = &handle.get<std::remove_pointer_t<Entry>>(LSHOST_ENTRY_SYMBOL);
  static const lshost_host_info host = {sizeof(lshost_host_info), LSHOST_ABI_MINOR, "lshost", LSHOST_VERSION};
  ErrorOut err;
  const lshost_module* found = entry(&host, &err);
  if (found != nullptr) return found;
  const std::string reason = message_of(err);
  throw Error(ErrorCode::unsupported, "it refuses this host: " + (reason.empty() ? "it gave no reason" : reason));
}

const lshost_module* checked_module(const lshost_module* found) {
  constexpr std::size_t kNeeded = offsetof(lshost_module, types) + sizeof found->types;
  if (found->struct_size < kNeeded || (found->types == nullptr && found->type_count != 0)) {
    throw Error(ErrorCode::unsupported, "its description is too short or has no types");
  }
  if (found->min_host_minor > LSHOST_ABI_MINOR) {
    throw Error(ErrorCode::unsupported, "it needs a host with plugin ABI 1." + std::to_string(found->min_host_minor) +
                                            ", this lshost has 1." + std::to_string(LSHOST_ABI_MINOR) +
                                            "; hint: update lshost");
  }
  return found;
}

const Library& require_usable(const Loaded& known, const PluginFile& now) {
  const Library& library = known.library;
  if (!known.refusal.empty()) throw Error(ErrorCode::unsupported, known.refusal);
  if (is_same_code(library, now)) return library;
  throw Error(ErrorCode::unsupported, "the file was replaced after " + library.identity.name + " " +
                                          library.identity.version +
                                          " was loaded from it; hint: restart lshost to use the new one");
}

/// From here on the code is in the process for good, so it is remembered whatever it says.
const Library& adopt(Loaded& entry) {
  try {
    entry.library.module_table = checked_module(ask_for_module(entry.handle));
  } catch (const Error& e) {
    entry.refusal = e.what();
    throw;
  }
  obs::log(obs::Level::debug, "plugin", "loaded",
           {{"name", entry.library.identity.name},
            {"version", entry.library.identity.version},
            {"file", entry.library.path}});
  return entry.library;
}

/// A file that was refused before and has changed since deserves another look.
bool is_of(const Loaded& known, const PluginFile& file) {
  return known.library.path == file.path && (known.refusal.empty() || known.library.id == file.id);
}

}  // namespace

bool is_same_code(const Library& library, const PluginFile& file) noexcept {
  if (library.path == file.path && library.id == file.id) return true;
  return !library.identity.build_id.empty() && library.identity.build_id == file.identity.build_id;
}

const Library& load_library(PluginFile file) {
  return with_context(file.path, [&]() -> const Library& {
    Libraries& loaded = libraries();
    const MutexLock lock(loaded.mutex);  // over the loader and the entry function: a library is loaded once
    for (const Loaded& known : loaded.all) {
      if (is_of(known, file)) return require_usable(known, file);
    }
    dll::shared_library handle = open_library(file);
    return adopt(loaded.all.emplace_back(
        Loaded{{file.path, file.id, file.identity, nullptr}, "", std::move(file.descriptor), std::move(handle)}));
  });
}

const Library* find_library(const std::string& path) {
  Libraries& loaded = libraries();
  const MutexLock lock(loaded.mutex);
  for (const Loaded& known : loaded.all) {
    if (known.library.path == path && known.refusal.empty()) return &known.library;
  }
  return nullptr;
}

}  // namespace lshost::plugin
