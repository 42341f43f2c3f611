#include "exec_replicator.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "listing.hpp"

namespace lshost::exec {
namespace {

constexpr std::size_t kBufferSize = std::size_t{128} << 10;

/// What went wrong may go away by itself: a network, a limit.
[[noreturn]] void fail(const std::string& what, const Program& program, const End& end) {
  throw Error::Retryable(what + ": " + program.sentence(end));
}

using IsNotFound = std::function<bool(const End&)>;

/// The output of a program, from a place on, to a length, with its end judged when it comes.
class Output final : public Source {
 public:
  Output(std::unique_ptr<Program> program, std::string what, std::uint64_t skip, std::uint64_t length,
         IsNotFound is_not_found)
      : program_(std::move(program)),
        what_(std::move(what)),
        skip_(skip),
        left_(length),
        is_not_found_(std::move(is_not_found)) {
    fill();  // so that what is not there is told by the call and not by the first read
  }

  std::size_t Read(std::span<std::byte> into) override {
    if (at_ == size_) fill();
    const std::size_t count = std::min(into.size(), size_ - at_);
    std::copy_n(buffer_.data() + at_, count, into.data());
    at_ += count;
    return count;
  }

 private:
  /// Nothing more in the buffer after this: the end.
  void fill() {
    at_ = size_ = 0;
    while (program_ != nullptr && size_ == 0) {
      if (left_ == 0) return program_.reset();  // more was printed than is wanted
      const std::size_t count = program_->read(buffer_);
      if (count == 0) return judge();
      const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, count));
      skip_ -= skipped;
      const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(left_, count - skipped));
      if (left_ != UINT64_MAX) left_ -= kept;
      at_ = skipped;
      size_ = skipped + kept;
      if (kept == 0) at_ = size_ = 0;
    }
  }

  void judge() {
    const auto program = std::move(program_);
    const End end = program->wait_for_end();
    if (end.is_good()) return;
    if (is_not_found_(end)) throw Error(LSHOST_E_NOT_FOUND, what_ + ": there is no such object");
    fail(what_, *program, end);
  }

  std::unique_ptr<Program> program_;  // nullptr: at the end
  const std::string what_;
  std::uint64_t skip_;
  std::uint64_t left_;
  const IsNotFound is_not_found_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kBufferSize);
  std::size_t at_ = 0;
  std::size_t size_ = 0;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

ExecReplicator::ExecReplicator(Context context)
    : BlobReplicator(context),
      settings_(std::make_shared<const Settings>(read_settings(context))),
      options_{settings_->environment, settings_->timeout, [context] { return context.Stopping(); }} {}

std::unique_ptr<Program> ExecReplicator::run(const CommandTemplate& command, Values values,
                                             Program::Direction direction) const {
  values.insert(settings_->constants.begin(), settings_->constants.end());
  return std::make_unique<Program>(command.fill(values), direction, options_);
}

bool ExecReplicator::is_not_found(const End& end) const {
  const auto& codes = settings_->not_found_codes;
  return end.signal == 0 && std::ranges::find(codes, end.code) != codes.end();
}

void ExecReplicator::Put(const std::string& key, Source& body, std::uint64_t size) {
  const std::string what = "put " + key;
  const std::string size_text = size == kSizeUnknown ? "-1" : std::to_string(size);
  const auto program = run(settings_->put, {{"name", key}, {"size", size_text}}, Program::Direction::fed);
  std::vector<std::byte> buffer(kBufferSize);
  std::uint64_t done = 0;
  bool has_taken_all = true;
  // What is thrown in here kills the program while its input is still open: it never sees an end.
  while (has_taken_all) {
    const std::size_t count = body.Read(buffer);
    if (count == 0) break;
    done += count;
    has_taken_all = program->write(std::span(buffer).first(count));
  }
  if (has_taken_all && size != kSizeUnknown && done != size)
    throw Error(LSHOST_E_INVALID, what + ": the body has " + std::to_string(done) + " bytes instead of " + size_text);
  const End end = program->wait_for_end();
  if (!end.is_good()) fail(what, *program, end);
  if (!has_taken_all || !program->has_read_all())
    throw Error::Retryable(what + ": " + program->sentence(end) + " before it had read all of its input");
}

std::unique_ptr<Source> ExecReplicator::Get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  const bool is_range = offset != 0 || length != UINT64_MAX;
  const auto judge = [this](const End& end) { return is_not_found(end); };
  if (is_range && settings_->get_range && length != UINT64_MAX) {
    auto program = run(*settings_->get_range,
                       {{"name", key}, {"offset", std::to_string(offset)}, {"length", std::to_string(length)}},
                       Program::Direction::read);
    return std::make_unique<Output>(std::move(program), "get-range " + key, 0, length, judge);
  }
  auto program = run(settings_->get, {{"name", key}}, Program::Direction::read);
  return std::make_unique<Output>(std::move(program), "get " + key, offset, length, judge);
}

void ExecReplicator::List(const std::string& prefix, const std::function<void(const Blob&)>& each) {
  const std::string what = "list " + prefix;
  const auto program = run(settings_->list, {{"prefix", prefix}}, Program::Direction::read);
  // Nothing is given on before the program has ended well: half a listing is none.
  std::vector<Listed> all;
  ListParser parser(settings_->list_separator, [&](const Listed& listed) {
    if (listed.name.starts_with(prefix)) all.push_back(listed);
  });
  std::vector<std::byte> buffer(kBufferSize);
  while (const std::size_t count = program->read(buffer))
    parser.take({reinterpret_cast<const char*>(buffer.data()), count});
  const End end = program->wait_for_end();
  if (is_not_found(end)) return;  // no folder is an empty one
  if (!end.is_good()) fail(what, *program, end);
  parser.finish();
  for (const Listed& listed : all) each({listed.name, listed.size, 0});
}

void ExecReplicator::Remove(std::span<const std::string> keys) {
  if (keys.empty()) return;
  if (!settings_->remove.uses("name")) return remove_all(keys);
  for (const auto& key : keys) remove_one(key);
}

void ExecReplicator::remove_one(const std::string& key) const {
  const auto program = run(settings_->remove, {{"name", key}}, Program::Direction::fed);
  const End end = program->wait_for_end();
  if (!end.is_good() && !is_not_found(end)) fail("remove " + key, *program, end);
}

void ExecReplicator::remove_all(std::span<const std::string> keys) const {
  const auto program = run(settings_->remove, {{"name", ""}}, Program::Direction::fed);
  bool has_taken_all = true;
  for (const auto& key : keys) {
    has_taken_all = has_taken_all && program->write(bytes_of(key)) && program->write(bytes_of("\n"));
  }
  const End end = program->wait_for_end();
  if (!end.is_good() && !is_not_found(end)) fail("remove", *program, end);
  if (end.is_good() && (!has_taken_all || !program->has_read_all()))
    throw Error::Retryable("remove: " + program->sentence(end) + " before it had read all names");
}

}  // namespace lshost::exec
