// The keys of a replica against what its plugin knows.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "config/config.hpp"
#include "config/schema.hpp"
#include "config/secrets.hpp"
#include "config/source_text.hpp"
#include "config/values.hpp"

namespace lshost::config {
namespace {

/// The value in the form that the checks of the host's own keys take.
Node to_node(const Value& value, bool is_private) {
  Node node;
  node.location = value.location;
  node.end = value.end;
  node.is_private = is_private || value.is_private;
  std::visit(
      [&](const auto& data) {
        using Data = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<Data, std::vector<Value>>) {
          std::vector<Node> elements;
          for (const auto& element : data) elements.push_back(to_node(element, is_private));
          node.data = std::move(elements);
        } else {
          node.data = data;
        }
      },
      value.data);
  return node;
}

void check_one(const KeySpec& spec, const Node& node, std::vector<Diagnostic>& mistakes) {
  using Integers = std::numeric_limits<std::int64_t>;
  switch (spec.type) {
    case KeyType::string:
      if (spec.choices.empty()) {
        (void)as_text(spec.key, node, mistakes);
      } else {
        (void)as_choice(spec.key, node, spec.choices, mistakes);
      }
      break;
    case KeyType::integer:
      (void)as_integer(spec.key, node, Integers::min(), Integers::max(), mistakes);
      break;
    case KeyType::boolean:
      (void)as_flag(spec.key, node, mistakes);
      break;
    case KeyType::real:
      (void)as_real(spec.key, node, mistakes);
      break;
    case KeyType::duration:
      (void)as_duration(spec.key, node, {}, mistakes);
      break;
    case KeyType::size:
      (void)as_size(spec.key, node, 0, mistakes);
      break;
  }
}

void check_known(const KeySpec& spec, const Entry& entry, std::vector<Diagnostic>& mistakes) {
  if (spec.deprecated) {
    const auto help = spec.help.empty() ? "" : ": " + spec.help;
    mistakes.push_back({entry.key_location, fmt::format("key '{}' is deprecated{}", spec.key, help), true});
  }
  if (entry.is_broken) return;
  const Node node = to_node(entry.value, spec.secret);
  const auto* elements = std::get_if<std::vector<Node>>(&node.data);
  if (!spec.list || elements == nullptr) return check_one(spec, node, mistakes);
  for (const auto& element : *elements) check_one(spec, element, mistakes);
}

std::vector<std::string> known_keys(const std::vector<KeySpec>& specs) {
  auto known = keys_of(Scope::replica);
  for (const auto& spec : specs) known.push_back(spec.key);
  return known;
}

const KeySpec* find_spec(const std::vector<KeySpec>& specs, const std::string& key) {
  const auto found = std::ranges::find(specs, key, &KeySpec::key);
  return found == specs.end() ? nullptr : &*found;
}

void check_required(const ReplicaConfig& replica, const KeySpec& spec, std::vector<Diagnostic>& mistakes) {
  const bool is_there = std::ranges::find(replica.entries, spec.key, &Entry::key) != replica.entries.end();
  if (is_there || !spec.required) return;
  const auto help = spec.help.empty() ? "" : fmt::format(" ({})", spec.help);
  mistakes.push_back(
      {replica.location, fmt::format("a replica of type '{}' needs the key '{}'{}", replica.type, spec.key, help)});
}

void hide_secrets(Loaded& loaded, const SourceText& source, const ReplicaConfig& replica,
                  const std::vector<KeySpec>& specs) {
  for (const auto& entry : replica.entries) {
    const auto* spec = find_spec(specs, entry.key);
    const Secret run{entry.value.location, entry.value.end, /*is_declared=*/true};
    if (spec != nullptr && spec->secret && !shows_only_a_variable(source, run)) loaded.secrets.push_back(run);
  }
}

/// Who else may read what is secret in the file, or write what we shall run.
void check_file_mode(Loaded& loaded) {
  if (!loaded.file_mode) return;
  constexpr std::uint32_t kWritableByOthers = 0002;
  constexpr std::uint32_t kReadableByOthers = 0004;
  const auto warn = [&](Location place, std::string_view what, std::string_view remedy) {
    loaded.mistakes.push_back(
        {place,
         fmt::format("{} (its mode is {:04o}); hint: chmod {} {}", what, *loaded.file_mode, remedy, loaded.config.file),
         /*is_warning=*/true});
  };
  if ((*loaded.file_mode & kWritableByOthers) != 0)
    warn({1, 1}, "everybody can write to this file, and so decide what lshost runs and reads", "o-w");
  if ((*loaded.file_mode & kReadableByOthers) == 0) return;
  const auto secret = std::ranges::find_if(loaded.secrets, &Secret::is_declared);
  if (secret != loaded.secrets.end()) warn(secret->begin, "everybody can read this file, and it holds a secret", "o-r");
}

}  // namespace

void check_entries(const ReplicaConfig& replica, const std::vector<KeySpec>& keys, std::vector<Diagnostic>& mistakes) {
  for (const auto& spec : keys) check_required(replica, spec, mistakes);
  for (const auto& entry : replica.entries) {
    if (const auto* spec = find_spec(keys, entry.key)) {
      check_known(*spec, entry, mistakes);
    } else {
      mistakes.push_back({entry.key_location, unknown_key(Scope::replica, entry.key, known_keys(keys))});
    }
  }
}

void check_all(Loaded& loaded, const SchemaOf& schema_of) {
  const SourceText source(loaded.text);
  // Asking loads a library, and a type may stand in the file a thousand times.
  std::map<std::string, std::vector<KeySpec>> known;
  for (const auto& database : loaded.config.databases) {
    for (const auto& replica : database.replicas) {
      if (replica.type.empty()) continue;  // its mistake is reported
      auto found = known.find(replica.type);
      if (found == known.end()) {
        auto specs = schema_of(replica, loaded.mistakes);
        if (!specs) continue;
        found = known.emplace(replica.type, *std::move(specs)).first;
      }
      hide_secrets(loaded, source, replica, found->second);
      check_entries(replica, found->second, loaded.mistakes);
    }
  }
  check_file_mode(loaded);
  std::ranges::stable_sort(loaded.mistakes, {}, &Diagnostic::location);
}

}  // namespace lshost::config
