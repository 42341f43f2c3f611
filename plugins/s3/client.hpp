#pragma once
// Signed calls to one bucket: keys, signatures, connections and errors are dealt with here.
//
// Knows the operations of S3 no further than their names in sentences.

#include <memory>
#include <span>
#include <string>

#include <lshost/cpp/context.hpp>

#include "connection_pool.hpp"
#include "credentials.hpp"
#include "endpoint.hpp"
#include "failure.hpp"
#include "settings.hpp"

namespace lshost::s3 {

/// One call. Key and query are as they are, not encoded.
struct Call {
  std::string method = "GET";
  std::string key = {};  ///< in full, with the prefix; "": of the bucket itself
  Query query = {};
  Headers headers = {};
  std::span<const std::byte> body = {};  ///< borrowed until the call returns
  std::string verb = {};                 ///< for sentences: "put"
  std::string needs = {};                ///< the permission, for sentences: "s3:PutObject"
};

/// A reply whose body is read piece by piece. One thread at a time.
class Download {
 public:
  Download(ConnectionPool::Lease connection, HttpReply head, Attempt attempt)
      : connection_(std::move(connection)), head_(std::move(head)), attempt_(std::move(attempt)) {}
  [[nodiscard]] const HttpReply& head() const noexcept { return head_; }
  /// 0: the end. Throws Error, Cancelled.
  [[nodiscard]] std::size_t read(std::span<std::byte> into);

 private:
  ConnectionPool::Lease connection_;
  HttpReply head_;
  Attempt attempt_;
};

/// Threads: any, several at once. Errors: Error; Cancelled when the host stops the replica.
/// Cost:    a call is one round trip; as many connections are kept as there were calls at once.
class Client {
 public:
  Client(Context context, Settings settings, Environment environment);

  /// The reply, whatever its status. Throws if there is none.
  [[nodiscard]] HttpReply ask(const Call& call, const Interrupt& interrupt);
  /// A reply of status 2xx; throws for all others.
  HttpReply send(const Call& call, const Interrupt& interrupt);
  HttpReply send(const Call& call) { return send(call, interrupt_); }
  /// The same, with the body still to come.
  [[nodiscard]] std::unique_ptr<Download> open(const Call& call);

  /// For a reply that ask() returned.
  [[nodiscard]] Error error(const Call& call, const HttpReply& reply) const;
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }
  /// Throws Cancelled when the host stops the replica.
  [[nodiscard]] const Interrupt& interrupt() const noexcept { return interrupt_; }

 private:
  [[nodiscard]] HttpRequest request(const Call& call, const Credentials& keys) const;
  [[nodiscard]] Attempt attempt(const Call& call) const;
  void note(const HttpReply& reply, const Credentials& keys);

  const Context context_;
  const Settings settings_;
  const Bucket bucket_;
  const Interrupt interrupt_;
  ConnectionPool pool_;
  ConnectionPool metadata_pool_;
  CredentialsChain credentials_;
};

}  // namespace lshost::s3
