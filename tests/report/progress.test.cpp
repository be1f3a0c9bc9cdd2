// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/text.hpp"
#include <doctest/doctest.h>

#include <upset/report/progress.hpp>

using upset::Progress;
using upset::ProgressStyle;
using upset::test::count;

namespace {

struct Capture {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), std::fclose};

  std::string text() const {
    std::rewind(file.get());
    std::string all;
    for (int c = 0; (c = std::fgetc(file.get())) != EOF;) {
      all += static_cast<char>(c);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("Progress: durations are written as clocks write them") {
  CHECK(upset::duration_text(0) == "0:00");
  CHECK(upset::duration_text(6.6) == "0:07");
  CHECK(upset::duration_text(59.6) == "1:00");
  CHECK(upset::duration_text(750) == "12:30");
  CHECK(upset::duration_text(3599) == "59:59");
  CHECK(upset::duration_text(3599.5) == "1:00:00");
  CHECK(upset::duration_text(11'100) == "3:05:00");
  CHECK(upset::duration_text(-1) == "0:00");
}

TEST_CASE("Progress: rate and time left follow from what is done and how long it took") {
  using upset::progress_text;
  CHECK(progress_text("trials", 1200, 6000, 8) ==
        "trials  1200/6000  20 %  150/s  0:32 left");  // 4800 left at 150/s
  CHECK(progress_text("epochs", 1, 8, 40) == "epochs  1/8  12 %  0.03/s  4:40 left");
  CHECK(progress_text("trials", 0, 6000, 3) == "trials  0/6000  0 %");
  CHECK(progress_text("trials", 6000, 6000, 40) == "trials  6000/6000  100 %  150/s  done in 0:40");
  CHECK(progress_text("nothing", 0, 0, 0) == "nothing  0/0  done in 0:00");
}

TEST_CASE("Progress: away from a terminal lines are plain, and few") {
  const Capture capture;
  Progress progress("trials", 1000, {.stream = capture.file.get(), .plain_interval = 3600});
  for (int i = 0; i < 1000; ++i) {
    progress.tick();
  }
  CHECK(capture.text().empty());  // a file is no terminal, and no interval has passed
  progress.finish();
  progress.finish();
  const std::string text = capture.text();
  CHECK(text.starts_with("trials  1000/1000  100 %"));
  CHECK(count(text, "\n") == 1);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("Progress: plain lines come once an interval") {
  const Capture capture;
  Progress progress("steps", 100, {.stream = capture.file.get(), .plain_interval = 0.02});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    progress.tick(2);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::size_t lines = count(capture.text(), "\n");
  CHECK(lines >= 1);
  CHECK(static_cast<double>(lines) <= seconds / 0.02);
}

TEST_CASE("Progress: on a terminal one line is written over, no wider than a terminal") {
  const Capture capture;
  {
    Progress progress(std::string(100, 'x'), 2,
                      {.lines = ProgressStyle::Lines::updating, .stream = capture.file.get()});
    std::this_thread::sleep_for(std::chrono::milliseconds(220));
    progress.tick();
    CHECK(capture.text() == "\r" + std::string(79, 'x') + "\x1b[K");
  }
  CHECK(capture.text().ends_with("\x1b[K\n"));  // an unfinished line is ended
  const Capture finished;
  {
    Progress progress("x", 1,
                      {.lines = ProgressStyle::Lines::updating, .stream = finished.file.get()});
    progress.tick();
    progress.finish();
  }
  CHECK(count(finished.text(), "\n") == 1);
}

TEST_CASE("Progress: ticks from many threads are all counted, and lines stay whole") {
  const Capture capture;
  Progress progress("t", 40'000, {.stream = capture.file.get(), .plain_interval = 1e-6});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) {
          progress.tick();
        }
      });
    }
  }
  progress.finish();
  CHECK(progress.done() == 40'000);
  const std::string text = capture.text();
  std::size_t at = 0;
  int broken = 0;
  for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = text.substr(at, end - at);
    broken += line.starts_with("t  ") && count(line, "/40000  ") == 1 ? 0 : 1;
  }
  CHECK(broken == 0);
  CHECK(count(text, "done in") >= 1);
}
