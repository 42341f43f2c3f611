#pragma once
// What a case works with: the plugin, a configuration for each place, a folder of its own, and helpers in processes of
// their own.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "check/child.hpp"
#include "check/outcome.hpp"
#include "check/settings.hpp"
#include "check/tap.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/replicator_adapter.hpp"
#include "replica/replicator.hpp"

namespace lshost::check {

/// Which process this is.
struct Role {
  std::string case_name;
  std::string work;  ///< the folder of the whole run
  std::string part;  ///< "": the case itself; else what its helper is to do, in the case's own words
};

/// The words behind "lshost" that start a process of that role.
[[nodiscard]] std::vector<std::string> arguments_of(const Request& request, const Role& role);

/// Threads: one, but for what says otherwise.
class Bench {
 public:
  Bench(Request request, Role role);

  [[nodiscard]] const Request& request() const noexcept { return request_; }
  /// Of the run, mixed with the case's name: cases do not depend on which others run.
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] unsigned rounds() const noexcept { return request_.rounds; }
  [[nodiscard]] const std::string& case_name() const noexcept { return role_.case_name; }
  [[nodiscard]] const std::string& part() const noexcept { return role_.part; }
  /// A path in the case's own folder, which is there.
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  /// Tells the parent what comes next, for the case that it never ends.
  void doing(const std::string& what);

  // ---- the plugin ----
  /// Loads it. Throws Error.
  [[nodiscard]] const plugin::PluginType& type();
  [[nodiscard]] const Keys& keys();
  [[nodiscard]] bool is_store() { return (type().table.flags & LSHOST_TYPE_STORE) != 0; }
  /// The configuration, with placeholders for a place of that name: the same in all processes of a case.
  [[nodiscard]] config::ReplicaConfig config_at(const std::string& place);
  /// A replicator for that place, not started. `feed` nullptr: offline. `tap` nullptr: none. Throws what create says.
  [[nodiscard]] std::unique_ptr<plugin::ReplicatorAdapter> make(const config::ReplicaConfig& config, db::Feed* feed,
                                                                Tap* tap, const std::string& work_dir = {});
  /// Its parts, for who calls the C functions alone.
  [[nodiscard]] std::shared_ptr<plugin::Instance> make_instance(const config::ReplicaConfig& config, db::Feed* feed,
                                                                Tap* tap, const std::string& work_dir = {});

  /// A helper: this case, again, in another process that can be killed.
  [[nodiscard]] std::unique_ptr<Child> start_part(const std::string& part) const;

 private:
  const Request request_;
  const Role role_;
  const std::string folder_;
  const std::uint64_t seed_;
  std::string doing_ = "it began";
  std::optional<plugin::PluginType> type_;
  std::optional<Keys> keys_;
};

/// Stops and waits at most `limit`; what does not stop in time is given up, which is the business of another case.
void end(plugin::ReplicatorAdapter& replicator, std::chrono::milliseconds limit = std::chrono::seconds(5)) noexcept;

}  // namespace lshost::check
