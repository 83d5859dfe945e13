//! Services, Endpoints and `EndpointSlice`s.
