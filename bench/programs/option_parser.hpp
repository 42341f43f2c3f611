#pragma once
// The command line of a benchmark program. The library that parses it stays in option_parser.cpp: its headers take
// longer to compile than the programs.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lshost::bench {

enum class Need { optional, required };

/// Reads "--name VALUE" and "--flag" into variables, which keep their value if the option is not given.
///
/// Example:
///     OptionParser parser("Writes commits.", "bench_writer");
///     parser.add("--db", options.db, "database", Need::required);
///     if (const auto exit_code = parser.parse(argc, argv)) return *exit_code;
///
/// Ownership: borrows the variables until parse() has returned.
/// Threads:   one at a time.
/// Errors:    a wrong command line is printed and becomes an exit code.
class OptionParser {
 public:
  OptionParser(const std::string& summary, const std::string& program);
  ~OptionParser();
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;

  void add(const std::string& name, std::string& value, const std::string& help, Need need = Need::optional);
  void add(const std::string& name, std::uint64_t& value, const std::string& help, Need need = Need::optional);
  void add(const std::string& name, int& value, const std::string& help, Need need = Need::optional);
  void add(const std::string& name, double& value, const std::string& help, Need need = Need::optional);
  void add_flag(const std::string& name, bool& value, const std::string& help);

  /// nullopt: go on. Else the program ends with this code: 0 after the help was printed, another after a mistake was.
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lshost::bench
