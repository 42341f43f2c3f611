#include "option_parser.hpp"

#include <CLI/CLI.hpp>

namespace lshost::bench {

struct OptionParser::Impl {
  CLI::App app;

  template <typename T>
  void add(const std::string& name, T& value, const std::string& help, Need need) {
    app.add_option(name, value, help)->required(need == Need::required);
  }
};

OptionParser::OptionParser(const std::string& summary, const std::string& program) : impl_(std::make_unique<Impl>()) {
  impl_->app.description(summary);
  impl_->app.name(program);
}

OptionParser::~OptionParser() = default;

void OptionParser::add(const std::string& name, std::string& value, const std::string& help, Need need) {
  impl_->add(name, value, help, need);
}

void OptionParser::add(const std::string& name, std::uint64_t& value, const std::string& help, Need need) {
  impl_->add(name, value, help, need);
}

void OptionParser::add(const std::string& name, int& value, const std::string& help, Need need) {
  impl_->add(name, value, help, need);
}

void OptionParser::add(const std::string& name, double& value, const std::string& help, Need need) {
  impl_->add(name, value, help, need);
}

void OptionParser::add_flag(const std::string& name, bool& value, const std::string& help) {
  impl_->app.add_flag(name, value, help);
}

std::optional<int> OptionParser::parse(int argc, const char* const* argv) {
  try {
    impl_->app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return impl_->app.exit(e);
  }
}

}  // namespace lshost::bench
