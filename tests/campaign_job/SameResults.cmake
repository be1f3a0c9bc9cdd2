# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> "-D FILES=<names>" -P SameResults.cmake -- <campaign>`: one thread, two
# threads, three shards merged, a process killed and resumed, and with `-D MPIRUN=<mpirun>` three
# processes must write the same FILES, byte for byte.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Command.cmake)
list(GET command 0 program)

function(run out)
  execute_process(COMMAND ${ARGN} --out ${OUT}/${out} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${OUT})
run(one ${command} --threads 1)
run(two ${command} --threads 2)

foreach(shard 2 0 1)
  run(shard${shard} ${command} --shard ${shard}/3)
  list(APPEND journals ${OUT}/shard${shard}/campaign.journal)
endforeach()
run(merged ${program} --merge ${journals})

execute_process(COMMAND ${command} --threads 1 --out ${OUT}/killed TIMEOUT 0.4
                OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE ignored)
if(EXISTS ${OUT}/killed/campaign.journal)
  set(resume --resume)
endif()
run(killed ${command} ${resume})
run(again ${command} --resume --journal ${OUT}/two/campaign.journal)  # nothing left to compute
set(others two merged killed again)
if(MPIRUN)
  run(mpi ${MPIRUN} -n 3 ${command} --mpi --threads 1)
  list(APPEND others mpi)
endif()

expect_same_files(one ${others})
