// SPDX-License-Identifier: BSL-1.0
/// Independent tasks on several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace upset {

/// Threads to use for `requested` (0: one per core), never more than there are tasks.
[[nodiscard]] inline std::size_t worker_count(std::size_t requested, std::size_t tasks) {
  const std::size_t cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(requested == 0 ? cores : requested, 1,
                                 std::max<std::size_t>(1, tasks));
}

/// Calls `work(worker, task)` once for every task below `tasks`, on `workers` threads, or on as
/// many as the system grants.
///
/// Which worker gets a task is not defined, so a result may depend on the task alone; `worker` is
/// there to own scratch memory. The first exception stops the handing out of tasks and is thrown
/// again here.
template <class Work>
void parallel_for(std::size_t workers, std::size_t tasks, Work work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto run = [&](std::size_t worker) {
    try {
      for (std::size_t task = next++; task < tasks; task = next++) {
        work(worker, task);
      }
    } catch (...) {
      next = tasks;
      const std::lock_guard lock(failure_mutex);
      if (!failure) {
        failure = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> others;
  try {
    for (std::size_t worker = 1; worker < workers; ++worker) {
      others.emplace_back(run, worker);
    }
  } catch (const std::system_error&) {
    // those there are do all tasks, with the same results
  }
  run(0);
  others.clear();  // joins
  if (failure) {
    std::rethrow_exception(failure);
  }
}

}  // namespace upset
