/* lshost/plugin.h - everything a replicator plugin needs, in C. ABI major version 1. C11, C17 and C++20.
 * SPDX-License-Identifier: MIT
 *
 * A plugin is one shared library, lshost-<type>.so, that exports lshost_plugin_v1 (module.h) and the identity
 * lshost_plugin_meta (meta.h). It links nothing of the host: what it may call comes as a table (host.h).
 * In C++ include <lshost/replicator.hpp> instead, which wraps all this.
 *
 * The rules of this ABI
 *
 *  1 One exported function per ABI major. A library may also export lshost_plugin_v2; a host tries the newest
 *    that it knows first.
 *  2 Every struct that crosses begins with struct_size, its size in bytes as the side knows it whose memory it is.
 *    A struct to be filled by the other side is zeroed first; the callee fills what both sides know and leaves
 *    struct_size as it is, so what an older callee does not know stays 0. Members are only ever appended: never
 *    inserted, reordered, retyped or removed. A member past struct_size does not exist: test with LSHOST_HAS.
 *    Structs refer to each other by pointer, except lshost_pos and lshost_kv, which are final and have no struct_size.
 *    A function or text may be NULL only where that is said. Reserved members and unused flags are 0; flags that you
 *    do not know, you ignore. Ids that you do not know are answered with NULL, kinds with LSHOST_E_UNSUPPORTED.
 *  3 No allocator crosses. Nobody frees memory that the other side made: objects are closed through their own
 *    close or destroy; text and bytes are borrowed for the stated time or copied into the caller's buffer;
 *    lists are pushed into a sink.
 *  4 No exception crosses. In C++ every function pointer here is noexcept, so a throwing function does not compile.
 *  5 No varargs, bit fields, bool, long, enum types or C++ types. Text is UTF-8 that ends in NUL. Times are
 *    nanoseconds since 1970-01-01 UTC, sizes and offsets are bytes.
 *  6 Threads, the tag at each function:
 *      [control]  the host calls these one at a time per instance, from any of its threads
 *      [any]      any thread, several at once
 *      [worker]   threads that the plugin started with lshost_host.spawn
 *    No function of an instance is called before create returned LSHOST_OK or after destroy was called.
 *  7 A plugin never opens the database, its -wal or its -shm file: closing any descriptor on them would drop the
 *    host's POSIX locks. It gets WAL and snapshots as byte streams.
 *  8 The library stays mapped as long as the process lives: there is no unload. */
#ifndef LSHOST_PLUGIN_H
#define LSHOST_PLUGIN_H

#include <lshost/abi.h>
#include <lshost/ext/config_schema.h>
#include <lshost/ext/health.h>
#include <lshost/ext/restore.h>
#include <lshost/ext/retention.h>
#include <lshost/ext/store.h>
#include <lshost/host.h>
#include <lshost/meta.h>
#include <lshost/module.h>

#endif
