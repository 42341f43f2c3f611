#include "sftp/sshd.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

#include "support/process.hpp"

namespace lshost::test {
namespace {

namespace fs = std::filesystem;

constexpr int kSkipped = 77;

Finished script(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), LSHOST_TEST_SOURCE_DIR "/tests/servers/sshd");
  return run({.command = std::move(arguments)});
}

sftp::Options options_of(const Context& context, std::chrono::milliseconds patience) {
  sftp::Options options = sftp::read_options(context);
  options.patience_in_the_middle = patience;
  return options;
}

std::string one_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Sshd::Sshd(std::vector<std::string> options) : options_(std::move(options)) { start(); }

Sshd::~Sshd() { (void)script({"stop", folder_.path()}); }

void Sshd::start() {
  std::vector<std::string> arguments = {"start", folder_.path()};
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  if (!port_.empty()) arguments.insert(arguments.end(), {"--port", port_});
  const Finished finished = script(std::move(arguments));
  if (finished.status.code == kSkipped) {
    missing_ = one_line(finished.err);
  } else if (finished.status.code != 0) {
    throw std::runtime_error("sshd did not start: " + finished.err);
  }
  port_ = one_line(finished.out);
}

void Sshd::start_again() { start(); }

void Sshd::signal(const std::string& name) const { (void)script({"signal", folder_.path(), name}); }

std::string Sshd::host_key() const {
  std::istringstream words(content_of(folder_ / "host_key.pub"));
  std::string type;
  std::string key;
  words >> type >> key;
  return type + " " + key;
}

std::string Sshd::known_hosts(const std::string& key) const {
  write_file(folder_ / "known_hosts", "[127.0.0.1]:" + port_ + " " + (key.empty() ? host_key() : key) + "\n");
  return folder_ / "known_hosts";
}

std::size_t Sshd::logins() const {
  std::istringstream lines(content_of(folder_ / "log"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("Accepted ")) ++count;
  return count;
}

ConfigValues Sshd::config(const ConfigValues& more) const {
  ConfigValues values = {{"host", host()},
                         {"user", user_name()},
                         {"path", store()},
                         {"key-path", folder_ / "user_key"},
                         {"known-hosts", known_hosts()}};
  for (const auto& [key, value] : more) values[key] = value;
  return values;
}

Store::Store(const ConfigValues& config, std::chrono::milliseconds patience)
    : host(config), replicator(host.context(), options_of(host.context(), patience)) {}

void Store::put(const std::string& key, const std::string& body) {
  TextSource source(body);
  replicator.Put(key, source, body.size());
}

std::string Store::get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  return replicator.Get(key, offset, length)->ReadAll();
}

std::vector<std::string> Store::list(const std::string& prefix) {
  std::vector<std::string> found;
  replicator.List(prefix, [&](const Blob& blob) { found.push_back(blob.key + "=" + std::to_string(blob.size)); });
  std::sort(found.begin(), found.end());
  return found;
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "" : entry->pw_name;
}

std::string noise(std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() >> 16U);
  return text;
}

std::size_t TextSource::Read(std::span<std::byte> into) {
  if (before_) before_(at_);
  const std::size_t count = std::min(into.size(), text_.size() - at_);
  std::memcpy(into.data(), text_.data() + at_, count);
  at_ += count;
  return count;
}

std::vector<std::string> tree(const std::string& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    names.push_back(entry.path().lexically_relative(folder).string() + (entry.is_directory() ? "/" : ""));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace lshost::test
