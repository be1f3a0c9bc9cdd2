// SPDX-License-Identifier: BSL-1.0
/// How far a long computation is, how fast it goes and how long it will take.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include <unistd.h>  // isatty

#include <upset/report/cell.hpp>

namespace upset {

/// "0:07", "12:30", "3:05:00"; rounded to seconds.
[[nodiscard]] inline std::string duration_text(double seconds) {
  const auto total = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  const auto two_digits = [](std::int64_t x) {
    return std::string(x < 10 ? "0" : "") + std::to_string(x);
  };
  const std::int64_t minutes = total / 60 % 60;
  return (total >= 3600 ? std::to_string(total / 3600) + ":" + two_digits(minutes)
                        : std::to_string(minutes)) +
         ":" + two_digits(total % 60);
}

/// "trials  1200/6000  20 %  150/s  0:32 left"; "done in 0:40" instead of the time left at the end.
[[nodiscard]] inline std::string progress_text(const std::string& what, std::uint64_t done,
                                               std::uint64_t total, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string text = what + "  " + std::to_string(done) + "/" + std::to_string(total);
  if (total > 0) {
    text += "  " + std::to_string(done * 100 / total) + " %";
  }
  if (rate > 0) {
    text += "  " + with_decimals(rate, rate < 10 ? 2 : 0) + "/s";
  }
  if (done >= total) {
    return text + "  done in " + duration_text(seconds);
  }
  return rate > 0 ? text + "  " + duration_text(static_cast<double>(total - done) / rate) + " left"
                  : text;
}

/// Where and how often progress is shown.
struct ProgressStyle {
  enum class Lines : std::uint8_t {
    automatic,  ///< `updating` where the stream is a terminal, else `plain`
    updating,   ///< one line, written over; five times a second
    plain,      ///< a new line every few seconds, for logs
  };

  Lines lines = Lines::automatic;
  std::FILE* stream = stderr;
  double plain_interval = 5;  ///< seconds
};

/// Shows the progress of `total` equal steps, ticked from any thread.
///
/// The first plain line comes after one interval, so short work stays silent but for its last line.
/// Rates are averages since the beginning.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total, ProgressStyle style = ProgressStyle{})
      : what_(std::move(what)),
        total_(total),
        stream_(style.stream),
        updating_(
            style.lines == ProgressStyle::Lines::updating ||
            (style.lines == ProgressStyle::Lines::automatic && isatty(fileno(style.stream)) != 0)),
        interval_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(updating_ ? 0.2 : style.plain_interval))),
        next_((begin_ + interval_).time_since_epoch().count()) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Ends an unfinished updating line, so that what comes next (an error) has a line of its own.
  ~Progress() {
    if (updating_ && shown_ && !finished_) {
      std::fputs("\n", stream_);
    }
  }

  /// Counts `steps` as done. Cheap: it reads the clock, and one thread at most stops to print.
  void tick(std::uint64_t steps = 1) {
    done_ += steps;
    if (Clock::now().time_since_epoch().count() < next_.load(std::memory_order_relaxed)) {
      return;
    }
    const std::unique_lock lock(printing_, std::try_to_lock);
    const auto now = Clock::now();
    if (lock && now.time_since_epoch().count() >= next_) {
      next_ = (now + interval_).time_since_epoch().count();
      print(now, false);
    }
  }

  /// Prints the last line, with the time all of it took. Once; a second call does nothing.
  void finish() {
    const std::lock_guard lock(printing_);
    if (!std::exchange(finished_, true)) {
      print(Clock::now(), true);
    }
  }

  [[nodiscard]] std::uint64_t done() const { return done_; }

 private:
  using Clock = std::chrono::steady_clock;

  void print(Clock::time_point now, bool last) {
    constexpr std::size_t most_columns = 79;  // a longer line would wrap and could not be rewritten
    std::string text =
        progress_text(what_, done_, total_, std::chrono::duration<double>(now - begin_).count());
    if (updating_) {
      text = "\r" + text.substr(0, most_columns) + "\x1b[K";  // then clear to the end of the line
    }
    if (!updating_ || last) {
      text += '\n';
    }
    std::fputs(text.c_str(), stream_);
    std::fflush(stream_);
    shown_ = true;
  }

  std::string what_;
  std::uint64_t total_;
  std::FILE* stream_;
  bool updating_;
  Clock::duration interval_;
  Clock::time_point begin_ = Clock::now();
  std::atomic<Clock::rep> next_;
  std::atomic<std::uint64_t> done_{0};
  std::mutex printing_;
  bool shown_ = false;
  bool finished_ = false;
};

}  // namespace upset
