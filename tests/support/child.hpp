#pragma once
// Test cases that run in a process of their own: for signals, limits, and whatever ends or changes a process.
//
// The body is a hidden test case ("[.child]") of the same program, started again with its name:
//
//     TEST_CASE("child: dies", "[.child]") { if (is_child()) ::abort(); }
//     TEST_CASE("the program dies as it should", "[x]") { CHECK(Process(child("child: dies")).wait()->signal ==
//     SIGABRT); }

#include <string>
#include <vector>

#include "support/process.hpp"

namespace lshost::test {

/// How to start the hidden test case of that name.
[[nodiscard]] ProcessOptions child(const std::string& test_case, std::map<std::string, std::string> environment = {});

/// True in a process that was started so. A body without this would also run when somebody asks for hidden tests.
[[nodiscard]] bool is_child();

}  // namespace lshost::test
