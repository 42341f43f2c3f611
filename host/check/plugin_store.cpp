#include "check/plugin_store.hpp"

#include "plugin/abi.hpp"

namespace lshost::check {
namespace {

plugin::ReplicaSetup setup_of(Bench& bench, const std::string& place, Tap& tap) {
  plugin::ReplicaSetup setup;
  setup.config = bench.config_at(place);
  setup.database = "app.db";
  setup.services = &tap;
  return setup;
}

}  // namespace

StorePlace::StorePlace(Bench& bench, const std::string& place) : context_(setup_of(bench, place, tap_)) {
  tap_.take_store = [this](lshost_store* store) { given_ = store; };
  const auto& type = bench.type();
  lshost_replicator* made = nullptr;
  plugin::ErrorOut err;
  bench.doing("create was called");
  (void)type.table.create(type.self, &tap_, context_.handle(), LSHOST_CREATE_OFFLINE, &made, &err);
  if (given_ == nullptr) throw Failed("create gave the engine no store: " + plugin::message_of(err));
  bench.doing("the store was called");
}

}  // namespace lshost::check
