// SPDX-License-Identifier: BSL-1.0
/// What a program begins and ends with.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

/// Reads the command line; prints the help and exits where it is asked for. Throws `upset::Error`.
void parse_command_line(CLI::App& app, int argc, char** argv);

/// The command as it could be typed again, for reports.
[[nodiscard]] std::string command_text(int argc, char** argv);

/// The exit status of the program: what `run` returns; 2, where the input is refused, 1 for any
/// other trouble, such as standard output that takes no more; either is said on standard error.
[[nodiscard]] int run_program(const std::string& name, const std::function<int()>& run);
