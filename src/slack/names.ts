/** The names by which clicks and submissions come back. They say what kind of thing was done, never on what. */
export const ACTION = {
  approve: "approve",
  adjust: "adjust",
  reject: "reject",
  withdraw: "withdraw",
  seeWhatRuns: "see-what-runs",
  seeWhatIsAsked: "see-what-is-asked",
  admit: "admit",
  refuseAdmission: "refuse-admission",
  withdrawAdmission: "withdraw-admission",
  seeDetail: "see-detail",
  seeConnection: "see-connection",
  retry: "retry",
  reboot: "reboot",
  rotateTunnelKeys: "rotate-tunnel-keys",
  retire: "retire",
  giveRouterKey: "give-router-key",
  checkAgain: "check-again",
  cancel: "cancel",
  addSite: "add-site",
  askTeardown: "ask-teardown",
  withdrawTeardown: "withdraw-teardown",
  agreeTeardown: "agree-teardown",
  stopSoon: "stop-soon",
  goOn: "go-on",
  giveCertificate: "give-certificate",
  /** Inputs of the form whose change redraws it. */
  federationChosen: "federation-chosen",
  coordinatorChosen: "coordinator-chosen",
  trainingChosen: "training-chosen",
  crossingChosen: "crossing-chosen",
  addressKindChosen: "address-kind-chosen",
} as const;

export const VIEW = {
  deploySite: "deploy-site",
  addSite: "add-site",
  adjust: "adjust",
  reject: "reject",
  certificate: "certificate",
  routerKey: "router-key",
} as const;

/** What Slack tells the bot of; `app-manifest.yml` subscribes to exactly these. */
export const EVENT = {
  mentioned: "app_mention",
  homeOpened: "app_home_opened",
  renumbered: "channel_id_changed",
  joined: "member_joined_channel",
  shared: "channel_shared",
  unshared: "channel_unshared",
  unarchived: "channel_unarchive",
  privateUnarchived: "group_unarchive",
} as const;
