#include "login.hpp"

#include <sys/stat.h>

#include "agent.hpp"

namespace lshost::sftp {
namespace {

enum class Answer { welcome, more, no };

Answer answer_of(int result, const SshSession& session, const std::string& what) {
  switch (result) {
    case SSH_AUTH_SUCCESS:
      return Answer::welcome;
    case SSH_AUTH_PARTIAL:
      return Answer::more;
    case SSH_AUTH_DENIED:
    case SSH_AUTH_INFO:
      return Answer::no;
    default:
      throw ConnectionLost(session.server() + ": the connection broke while logging in with " + what + ": " +
                           session.why());
  }
}

/// Without it, OpenSSL would ask for a passphrase on the terminal, and wait.
int no_passphrase(const char* /*prompt*/, char* /*buffer*/, std::size_t /*size*/, int /*echo*/, int /*verify*/,
                  void* /*userdata*/) {
  return -1;
}

KeyHandle private_key(const ServerOptions& options) {
  ssh_key raw = nullptr;
  const char* passphrase = options.key_passphrase.is_empty() ? nullptr : options.key_passphrase.value.c_str();
  const int result = ::ssh_pki_import_privkey_file(options.key_path.c_str(), passphrase, no_passphrase, nullptr, &raw);
  if (result == SSH_OK) return KeyHandle(raw);
  struct stat st{};
  if (result == SSH_EOF || ::stat(options.key_path.c_str(), &st) != 0) {
    throw Error::Config("key-path: " + options.key_path + " can not be read");
  }
  throw Error::Config("key-path: " + options.key_path +
                      (passphrase == nullptr ? " is no private key, or needs key-passphrase"
                                             : " is no private key, or key-passphrase is not the right one"));
}

/// What was tried, for the sentence when all of it failed.
class Attempts {
 public:
  Attempts(const SshSession& session, const ServerOptions& options, const Deadline& deadline)
      : session_(session), options_(options), deadline_(deadline) {}

  void run() {
    if (ask("nothing", [&] { return ::ssh_userauth_none(session_.get(), nullptr); }) == Answer::welcome) return;
    if (with_key() || with_password() || with_question()) return;
    std::string sentence = options_.name() + ": the server does not let this user in; it takes " + offered_text();
    sentence += tried_.empty()
                    ? ", and none of that is configured: set key-path or password, or let SSH_AUTH_SOCK lead "
                      "to an agent"
                    : "; it refused " + tried_;
    throw Error(LSHOST_E_DENIED, sentence, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR);
  }

 private:
  template <class Call>
  Answer ask(const std::string& what, Call&& call) {
    const int result = session_.complete(deadline_, SSH_AUTH_AGAIN, "no answer to the login", std::forward<Call>(call));
    return answer_of(result, session_, what);
  }

  /// True: we are in. A partial success lets the next method have its turn.
  template <class Call>
  bool attempt(const std::string& what, Call&& call) {
    const Answer answer = ask(what, std::forward<Call>(call));
    if (answer == Answer::no) tried_ += (tried_.empty() ? "" : ", ") + what;
    return answer == Answer::welcome;
  }

  [[nodiscard]] bool is_offered(int method) const {
    return (::ssh_userauth_list(session_.get(), nullptr) & method) != 0;
  }

  [[nodiscard]] std::string offered_text() const {
    std::string text;
    const auto add = [&](int method, const char* name) {
      if (is_offered(method)) text += (text.empty() ? "" : ", ") + std::string(name);
    };
    add(SSH_AUTH_METHOD_PUBLICKEY, "keys");
    add(SSH_AUTH_METHOD_PASSWORD, "passwords");
    add(SSH_AUTH_METHOD_INTERACTIVE, "answers to questions");
    return text.empty() ? "nothing that we know" : text;
  }

  bool with_key() {
    if (!is_offered(SSH_AUTH_METHOD_PUBLICKEY)) return false;
    if (!options_.key_path.empty()) {
      const KeyHandle key = private_key(options_);
      return attempt("the key " + options_.key_path,
                     [&] { return ::ssh_userauth_publickey(session_.get(), nullptr, key.get()); });
    }
    if (!has_agent()) return false;
    return attempt("the agent's keys", [&] { return log_in_with_agent(session_, deadline_); });
  }

  bool with_password() {
    if (options_.password.is_empty() || !is_offered(SSH_AUTH_METHOD_PASSWORD)) return false;
    return attempt("the password",
                   [&] { return ::ssh_userauth_password(session_.get(), nullptr, options_.password.value.c_str()); });
  }

  bool with_question() {
    if (options_.password.is_empty() || !is_offered(SSH_AUTH_METHOD_INTERACTIVE)) return false;
    return attempt("the password as an answer", [&] { return answer_questions(); });
  }

  /// The password is the answer to the one question without echo; anything else is not for us to answer.
  int answer_questions() {
    int result = ::ssh_userauth_kbdint(session_.get(), nullptr, nullptr);
    while (result == SSH_AUTH_INFO) {
      const int count = ::ssh_userauth_kbdint_getnprompts(session_.get());
      for (int i = 0; i < count; ++i) {
        char echo = 0;
        (void)::ssh_userauth_kbdint_getprompt(session_.get(), static_cast<unsigned>(i), &echo);
        const char* answer = echo != 0 || password_was_given_ ? "" : options_.password.value.c_str();
        password_was_given_ = password_was_given_ || echo == 0;
        if (::ssh_userauth_kbdint_setanswer(session_.get(), static_cast<unsigned>(i), answer) < 0)
          return SSH_AUTH_ERROR;
      }
      result = ::ssh_userauth_kbdint(session_.get(), nullptr, nullptr);
    }
    return result;
  }

  const SshSession& session_;
  const ServerOptions& options_;
  const Deadline& deadline_;
  std::string tried_;
  bool password_was_given_ = false;
};

}  // namespace

void log_in(const SshSession& session, const ServerOptions& options, const Deadline& deadline) {
  Attempts(session, options, deadline).run();
}

}  // namespace lshost::sftp
