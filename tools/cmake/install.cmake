# What an installation holds: programs, maps, profiles, a commented sample configuration, a systemd unit.
include(GNUInstallDirs)
foreach(program bhi-adapter bhi bhi-ehr-sim)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(DIRECTORY mappings fhir_profiles DESTINATION ${CMAKE_INSTALL_DATADIR}/bhi-adapter
        PATTERN "cases" EXCLUDE PATTERN "*.cpp" EXCLUDE PATTERN "README.md" EXCLUDE)
install(DIRECTORY tools/ehr_sim/samples DESTINATION ${CMAKE_INSTALL_DATADIR}/bhi-adapter/ehr_sim
        FILES_MATCHING PATTERN "*.json")
