// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <pthread.h>  // pthread_setattr_default_np

#include <upset/core/parallel.hpp>

using upset::parallel_for;
using upset::worker_count;

TEST_CASE("worker_count: as many as asked for, never more than tasks, never none") {
  CHECK(worker_count(3, 100) == 3);
  CHECK(worker_count(3, 2) == 2);
  CHECK(worker_count(3, 0) == 1);
  CHECK(worker_count(0, 0) == 1);
  CHECK(worker_count(0, 1'000'000) >= 1);
  CHECK(worker_count(1'000, 1'000) == 1'000);  // more than cores, when a person says so
}

TEST_CASE("parallel_for: every task once, and no worker in two tasks at a time") {
  for (const std::size_t workers : {1U, 2U, 7U}) {
    CAPTURE(workers);
    constexpr std::size_t tasks = 10'000;
    std::vector<std::atomic<int>> calls(tasks);
    std::vector<std::atomic<int>> busy(workers);
    std::atomic<int> wrong = 0;
    parallel_for(workers, tasks, [&](std::size_t worker, std::size_t task) {
      wrong += worker >= workers || busy[worker]++ != 0 ? 1 : 0;
      ++calls[task];
      --busy[worker];
    });
    for (const std::atomic<int>& count : calls) {
      wrong += count == 1 ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("parallel_for: no task, no call") {
  std::atomic<int> calls = 0;
  parallel_for(4, 0, [&](std::size_t, std::size_t) { ++calls; });
  CHECK(calls == 0);
}

TEST_CASE("parallel_for: an exception stops the handing out of tasks and arrives at the caller") {
  for (const std::size_t workers : {1U, 3U}) {
    CAPTURE(workers);
    constexpr std::size_t tasks = 1'000;
    std::atomic<std::size_t> calls = 0;
    std::string what;
    try {
      parallel_for(workers, tasks, [&](std::size_t, std::size_t task) {
        ++calls;
        if (task == 5) {
          throw std::runtime_error("task 5");
        }
      });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    CHECK(what == "task 5");
    if (workers == 1) {  // how far the others get meanwhile is up to the scheduler
      CHECK(calls == 6);
    }
  }
}

TEST_CASE("parallel_for: where the system grants no thread, the caller does all tasks") {
  pthread_attr_t before;
  pthread_attr_t too_large;
  REQUIRE(pthread_getattr_default_np(&before) == 0);
  REQUIRE(pthread_getattr_default_np(&too_large) == 0);
  // a stack beyond the address space is one that no thread gets
  REQUIRE(pthread_attr_setstacksize(&too_large, std::size_t{1} << 52) == 0);
  REQUIRE(pthread_setattr_default_np(&too_large) == 0);
  std::size_t calls = 0;
  std::size_t by_others = 0;
  CHECK_THROWS_AS(std::thread([] {}).join(), std::system_error);
  CHECK_NOTHROW(parallel_for(4, 100, [&](std::size_t worker, std::size_t) {
    ++calls;
    by_others += worker == 0 ? 0U : 1U;
  }));
  REQUIRE(pthread_setattr_default_np(&before) == 0);
  CHECK(calls == 100);
  CHECK(by_others == 0);
}
