// SPDX-License-Identifier: BSL-1.0
/// Trials of a campaign on many machines: one process hands them out, the others compute.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <mpi.h>

#include <upset/campaign/run.hpp>
#include <upset/core/error.hpp>

namespace upset {

struct MpiOptions {
  double patience = 600;   ///< seconds after which a process that does not answer is lost
  std::size_t pieces = 8;  ///< that a chunk is cut into for each process
  PlanText plan{};         ///< of the campaign: a process that serves another one is lost
  /// A process is lost, and why; its share goes to the others.
  std::function<void(const std::string&)> lost = [](const std::string&) {};
};

/// MPI from construction to destruction; one a program.
///
/// Rank 0 hands `run_campaign` the runner of `lead` and alone sees the journal; the others `serve`.
/// Numbers of trials go out, outcomes come back, so every process makes the same trial source for
/// itself. Outcomes are those of one process.
///
/// - what is survived: a process that throws, and one that is silent for longer than the patience;
///   when none is left, rank 0 computes by itself. A process that dies ends most MPI jobs: the
///   journal then has all but the chunk in flight, and the campaign is resumed
/// - errors: throws `Error` when rank 0 cannot compute either what the others could not
/// - example: mpirun -n 5 has four processes that compute
class MpiTrials {
 public:
  MpiTrials() {
    int provided = 0;  // threads of the engine compute, and this one alone sends
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    for (int rank = 1; rank_ == 0 && rank < size_; ++rank) {
      idle_.push_back(rank);
    }
  }
  MpiTrials(const MpiTrials&) = delete;
  MpiTrials& operator=(const MpiTrials&) = delete;
  /// Of rank 0, it lets the others go, after what they compute; of the others, it waits for that.
  ~MpiTrials() {
    if (rank_ == 0) {
      let_go();
    } else if (!has_served_) {
      send_failure(no_piece, "it left before the end");
      while (next_message().second != end_tag) {
      }
    }
    MPI_Finalize();
  }

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// Of rank 0: hands trials to the other processes. `local` computes what none of them can.
  [[nodiscard]] TrialRunner lead(TrialRunner local, MpiOptions options = {}) {
    send_plan(options.plan);
    return [this, local = std::move(local), options = std::move(options)](
               std::span<const std::uint64_t> trials, const Finished& finished) {
      return run(trials, finished, local, options);
    };
  }

  /// Of the others: computes what rank 0 asks for, until that ends; nothing where rank 0 has
  /// another plan than this one, if it is known.
  void serve(const TrialRunner& compute, const PlanText& plan = {}) {
    bool has_left = false;
    while (true) {
      const auto [message, tag] = next_message();
      if (tag == end_tag) {
        has_served_ = true;
        return;
      }
      if (has_left) {
        continue;  // sent before rank 0 knew
      }
      if (tag == plan_tag) {
        const std::string difference =
            plan.empty() ? "" : plan_differences(plan, plan_in(message), "in process 0");
        has_left = !difference.empty();
        if (has_left) {
          send_failure(no_piece, "it runs another campaign: " + difference);
        }
        continue;
      }
      const std::uint64_t piece = message.front();
      try {
        std::vector<std::uint64_t> answer{piece};
        for (const Outcomes& outcomes :
             compute(std::span(message).subspan(1), [](std::uint64_t) {})) {
          for (const Outcomes::Field& field : Outcomes::fields()) {
            answer.push_back(outcomes.*field.count);
          }
        }
        send(answer, 0, result_tag);
      } catch (const std::exception& problem) {
        send_failure(piece, problem.what());
      }
    }
  }

 private:
  using Finished = std::function<void(std::uint64_t)>;
  using Clock = std::chrono::steady_clock;
  static constexpr int work_tag = 1;     // piece, trials
  static constexpr int end_tag = 2;      // nothing
  static constexpr int result_tag = 3;   // piece, outcomes
  static constexpr int failure_tag = 4;  // piece, characters
  static constexpr int plan_tag = 5;     // characters
  static constexpr std::uint64_t no_piece = 0;

  /// A part of a chunk that is being computed.
  struct Piece {
    std::size_t first = 0;
    std::size_t count = 0;
    int rank = 0;
    Clock::time_point begin{};
  };

  static void send(const std::vector<std::uint64_t>& message, int to, int tag) {
    MPI_Send(message.data(), static_cast<int>(message.size()), MPI_UINT64_T, to, tag,
             MPI_COMM_WORLD);
  }
  static void send_failure(std::uint64_t piece, const std::string& why) {
    std::vector<std::uint64_t> message{piece};
    message.insert(message.end(), why.begin(), why.end());
    send(message, 0, failure_tag);
  }
  /// To all others, without waiting for any.
  void send_plan(const PlanText& plan) {
    for (const auto& [name, value] : plan) {
      for (const std::string& text : {name, value}) {
        plan_.insert(plan_.end(), text.begin(), text.end());
        plan_.push_back(0);
      }
    }
    for (const int rank : idle_) {
      MPI_Request request{};
      MPI_Isend(plan_.data(), static_cast<int>(plan_.size()), MPI_UINT64_T, rank, plan_tag,
                MPI_COMM_WORLD, &request);
      MPI_Request_free(&request);
    }
  }
  [[nodiscard]] static PlanText plan_in(const std::vector<std::uint64_t>& message) {
    PlanText plan;
    std::vector<std::string> texts(1);
    for (const std::uint64_t character : message) {
      if (character != 0) {
        texts.back() += static_cast<char>(character);
      } else if (texts.size() == 1) {
        texts.emplace_back();
      } else {
        plan.emplace_back(texts[0], texts[1]);
        texts.assign(1, "");
      }
    }
    return plan;
  }
  [[nodiscard]] static std::vector<std::uint64_t> receive(const MPI_Status& status) {
    int count = 0;
    MPI_Get_count(&status, MPI_UINT64_T, &count);
    std::vector<std::uint64_t> message(static_cast<std::size_t>(count));
    MPI_Recv(message.data(), count, MPI_UINT64_T, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    return message;
  }
  /// From rank 0: the message and its tag.
  [[nodiscard]] static std::pair<std::vector<std::uint64_t>, int> next_message() {
    MPI_Status status;
    MPI_Probe(0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    return {receive(status), status.MPI_TAG};
  }
  /// To rank 0, within a millisecond.
  [[nodiscard]] static std::optional<MPI_Status> waiting_message() {
    int is_there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &is_there, &status);
    if (is_there != 0) {
      return status;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::nullopt;
  }
  /// Notes that a process has answered, and returns what it was busy with.
  [[nodiscard]] std::uint64_t answered(int rank) {
    if (const auto found = busy_.find(rank); found != busy_.end()) {
      const std::uint64_t piece = found->second;
      busy_.erase(found);
      return piece;
    }
    if (std::erase(idle_, rank) == 0) {
      --silent_;  // lost, and there again
    }
    return no_piece;
  }
  void let_go() {
    for (int rank = 1; rank < size_; ++rank) {
      MPI_Request request{};
      MPI_Isend(nullptr, 0, MPI_UINT64_T, rank, end_tag, MPI_COMM_WORLD, &request);
      MPI_Request_free(&request);
    }
    const auto begin = Clock::now();
    while (!busy_.empty() || silent_ > 0) {
      if (const auto status = waiting_message()) {
        (void)receive(*status);
        (void)answered(status->MPI_SOURCE);
      } else if (Clock::now() - begin > std::chrono::seconds(30)) {
        MPI_Abort(MPI_COMM_WORLD, 0);  // to finalize would wait for the silent ones forever
      }
    }
  }
  [[nodiscard]] std::vector<Outcomes> run(std::span<const std::uint64_t> trials,
                                          const Finished& finished, const TrialRunner& local,
                                          const MpiOptions& options);

  int rank_ = 0;
  int size_ = 1;
  bool has_served_ = false;
  // rank 0; what is here outlives a chunk, as answers do that come late
  std::vector<int> idle_{};
  std::map<int, std::uint64_t> busy_{};  // with which piece
  int silent_ = 0;
  std::uint64_t next_piece_ = 1;
  std::vector<std::uint64_t> plan_{};  // being sent
};

}  // namespace upset

#include <upset/interop/mpi_impl.hpp>
