#include "support/fail_point.hpp"

namespace lshost::test {

std::map<std::string, std::string> FailPoint::environment() const {
  return {{"LD_PRELOAD", LSHOST_TEST_FAIL_POINTS},  {"LSHOST_FAIL_UNDER", under},
          {"LSHOST_FAIL_NTH", std::to_string(nth)}, {"LSHOST_FAIL_WITH", with},
          {"LSHOST_FAIL_WHILE", hang_while},        {"LSHOST_FAIL_READS", reads ? "1" : "0"}};
}

std::optional<std::string> struck(const std::string& standard_error) {
  constexpr std::string_view kMark = "fail point ";
  const auto at = standard_error.find(kMark);
  if (at == std::string::npos) return std::nullopt;
  const auto begin = at + kMark.size();
  return standard_error.substr(begin, standard_error.find('\n', begin) - begin);
}

bool has_fail_points() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

}  // namespace lshost::test
