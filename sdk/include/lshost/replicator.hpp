// lshost/replicator.hpp - write a replicator in C++20: five functions, full control of the loop. Header only.
// SPDX-License-Identifier: MIT
//
//     class Mine : public lshost::Replicator {
//      public:
//       explicit Mine(lshost::Context context) : Replicator(context), path_(ctx.String("path")) {}
//       std::string Type() const override { return "mine"; }
//       void Start() override { ctx.Spawn("mine", [this] { Run(); }); }
//      private:
//       void Run();   // ctx.Status, ctx.OpenSnapshot, ctx.OpenWal, ctx.Durable, ctx.Wait
//       std::string path_;
//     };
//     LSHOST_PLUGIN(Mine, "mine", "1.0.0");
//
// Build it as lshost-mine.so with lshost_add_plugin() of the CMake package lshost-sdk. Nothing of this header crosses
// the ABI: throw freely, it is turned into a result on the way out. Where named objects are all your destination knows,
// lshost/blob_replicator.hpp is less work. To offer restore, retention and health, derive from Restorable, Removable
// and Probeable, too (cpp/extensions.hpp); to have your configuration checked and documented, add Keys() there.
#pragma once

#include <lshost/plugin.h>
#include <lshost/cpp/context.hpp>
#include <lshost/cpp/error.hpp>
#include <lshost/cpp/export.hpp>
#include <lshost/cpp/extensions.hpp>
#include <lshost/cpp/replicator_class.hpp>
#include <lshost/cpp/stream.hpp>

/// One line at the end of a plugin, outside of any namespace: its class, its type, its version.
/// `static const char* Summary()` in the class, if there is one, is the line that describes the type to people.
#define LSHOST_PLUGIN(CLASS, TYPE, VERSION)                                                                   \
  static_assert(                                                                                              \
      sizeof("lshost-" TYPE) <= sizeof(lshost_meta::name) && sizeof(VERSION) <= sizeof(lshost_meta::version), \
      "the type or the version is too long");                                                                 \
  __attribute__((section(LSHOST_META_SECTION), used)) constinit const lshost_meta lshost_plugin_meta =        \
      ::lshost::detail::MakeMeta("lshost-" TYPE, VERSION, TYPE);                                              \
  extern "C" const lshost_module* lshost_plugin_v1(const lshost_host_info*, lshost_error*) noexcept {         \
    static const lshost_type type = {sizeof(lshost_type),                                                     \
                                     ::lshost::detail::Maker<CLASS>::kTypeFlags,                              \
                                     TYPE,                                                                    \
                                     ::lshost::detail::SummaryOf<CLASS>(),                                    \
                                     ::lshost::detail::Create<CLASS>,                                         \
                                     ::lshost::detail::TypeExtension<CLASS>};                                 \
    static const lshost_type* const types[] = {&type};                                                        \
    static const lshost_module module_of_plugin = {                                                           \
        sizeof(lshost_module), LSHOST_ABI_MINOR, "lshost-" TYPE, VERSION, "", "", "", 0, 1, types};           \
    return &module_of_plugin;                                                                                 \
  }                                                                                                           \
  static_assert(true, "so that a semicolon may follow")
