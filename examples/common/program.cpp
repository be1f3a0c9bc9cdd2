// SPDX-License-Identifier: BSL-1.0
#include "common/program.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

#include <CLI/CLI.hpp>
#include <malloc.h>

#include <upset/core/error.hpp>

namespace {

/// Whether all that was printed is out: a full disk shows when the last of it is written.
bool is_printed() { return static_cast<bool>(std::cout.flush()); }

}  // namespace

void parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    const int status = app.exit(help);
    std::exit(is_printed() ? status : 1);
  } catch (const CLI::ParseError& error) {
    throw upset::Error(std::string(error.what()) + " (see --help)");
  }
}

std::string command_text(int argc, char** argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool plain = argument.find_first_of(" <>,*") == std::string::npos;
    text += (i == 0 ? "" : " ") + (plain ? argument : "'" + argument + "'");
  }
  return text;
}

int run_program(const std::string& name, const std::function<int()>& run) {
  // Activations of a batch are freed and asked for again all the time; giving their pages back to
  // the system in between doubles the time of a forward pass. 32 MiB is the most that glibc
  // takes; refused, it leaves the threshold at 128 KiB, and pages were 40 % of MobileNetV2's time.
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  try {
    const int status = run();
    if (!is_printed()) {
      std::cerr << name << ": what is printed could not be written; free some space, or print "
                << "elsewhere\n";
      return 1;
    }
    return status;
  } catch (const upset::Error& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << name
              << ": there is too little memory for this; ask for fewer or smaller pictures, "
                 "or for fewer threads\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}
