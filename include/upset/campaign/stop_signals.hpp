// SPDX-License-Identifier: BSL-1.0
/// Interruptions that a long computation can end by itself.
#pragma once

#include <csignal>

namespace upset {

/// From construction to destruction, SIGINT (Ctrl-C) and SIGTERM are noted instead of ending the
/// process; a second one of the same kind ends it. One at a time.
class StopSignals {
 public:
  StopSignals() : interrupt_(std::signal(SIGINT, &note)), terminate_(std::signal(SIGTERM, &note)) {
    noted() = 0;
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
  }

  /// The signal that came, 0 where none did. From any thread.
  [[nodiscard]] static int received() { return noted(); }

 private:
  [[nodiscard]] static volatile std::sig_atomic_t& noted() {
    static volatile std::sig_atomic_t signal = 0;
    return signal;
  }
  static void note(int signal) {
    noted() = signal;
    std::signal(signal, SIG_DFL);
  }

  void (*interrupt_)(int);
  void (*terminate_)(int);
};

}  // namespace upset
